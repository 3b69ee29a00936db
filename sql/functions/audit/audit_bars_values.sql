-- audit_bars_values: what the columns of a bar must be among themselves.
--   p_id           asset id
--   p_timeframes   what was built, as timeframes_built knows it; NULL: it is asked for
-- Returns   findings: bar_ohlc, missing_days_arithmetic, tf_days_not_nominal, partial_start_unexpected
--           (error), missing_days_interior (info; closed bars with days missing inside, the share of them and
--           the worst number).
-- Errors    none.   Cost  one pass over the bars, their first and last days.
-- Rule      days missing in a bar stand side by side among the sorted days that the asset lacks: before its
--           first row, inside it, and after its last one; a closed bar has none to come. The length of a bar
--           is the one that its name says; only anchored bars begin late.
CREATE OR REPLACE FUNCTION audit_bars_values(p_id int, p_timeframes jsonb DEFAULT NULL)
RETURNS SETOF finding
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
SET enable_nestloop = off
SET enable_mergejoin = off
SET work_mem = '64MB'
AS $$
DECLARE
    v_accepted jsonb := accepted_days(p_id);
    v_calendar text;
    -- Counts of days follow the calendar, so they wait for a refresh that takes up another one.
    v_is_pending boolean := calendar_pending(p_id);
    v_days date[];
    -- Days without a row, sorted: counts of them are differences of positions.
    v_missing date[];
    v_tfs text[];
    v_nominal int[];
    v_partial boolean[];
BEGIN
    SELECT max(s.calendar) INTO v_calendar FROM bars_state AS s WHERE s.id = p_id;
    SELECT array_agg(d.day ORDER BY d."timestamp") INTO v_days FROM cmc_price_bars_1d AS d WHERE d.id = p_id;
    v_missing := ARRAY(
        SELECT s.day FROM unnest(list_sessions(
            calendar_clock(v_calendar), v_days[1], v_days[cardinality(v_days)])) AS s (day)
        EXCEPT SELECT u.day FROM unnest(v_days) AS u (day) ORDER BY 1);
    SELECT array_agg(t.tf), array_agg(t.tf_days_nominal), array_agg(t.allow_partial_start)
    INTO v_tfs, v_nominal, v_partial
    FROM dim_timeframe AS t;
    RETURN QUERY
    WITH asset AS MATERIALIZED (
        SELECT v_days AS days, v_missing AS missing
    ),
    judged AS (
        SELECT
            b.tf, b.time_close, b.is_closed, b.missing_interior, a.days[b.last_row] AS day,
            (b.low <= least(b.open, b.close) AND greatest(b.open, b.close) <= b.high) IS NOT TRUE AS bad_ohlc,
            t.settled AND (
                least(b.missing_start, b.missing_interior, b.missing_end) < 0
                OR (t.unit_kind = 'D' AND (b.missing_start <> 0 OR b.missing_end <> 0))
                OR (b.is_closed AND b.days_remaining <> 0)
                OR b.missing_interior <> m.at_last - m.at_first
                OR bits_differ(b.first_missing_day, CASE WHEN m.n > 0 THEN
                    a.missing[m.at_first - b.missing_start + 1] END)
                OR bits_differ(b.last_missing_day, CASE WHEN m.n > 0 THEN
                    a.missing[m.at_last + b.missing_end] END)
            ) AS bad_arithmetic
        FROM stored_bars(p_id) AS b
        INNER JOIN timeframes_built(p_id, p_timeframes) AS t ON t.tf = b.tf
        CROSS JOIN asset AS a
        CROSS JOIN LATERAL (
            SELECT
                b.missing_start + b.missing_interior + b.missing_end AS n,
                width_bucket(a.days[b.first_row], a.missing) AS at_first,
                width_bucket(a.days[b.last_row], a.missing) AS at_last
        ) AS m
    ),
    counted AS (
        SELECT
            j.tf, v.name, count(*) AS n, min(j.time_close) AS first_ts, max(j.missing_interior) AS worst
        FROM judged AS j
        CROSS JOIN LATERAL (VALUES
            ('bar_ohlc', j.bad_ohlc),
            ('missing_days_arithmetic', j.bad_arithmetic AND NOT v_is_pending),
            ('missing_days_interior', j.is_closed AND j.missing_interior > 0
                AND is_told(v_accepted, 'missing_days_interior', 'info', j.day))
        ) AS v (name, is_bad)
        WHERE v.is_bad
        GROUP BY j.tf, v.name
    )
    SELECT
        c.name, CASE WHEN c.name = 'missing_days_interior' THEN 'info' ELSE 'error' END, p_id, c.tf,
        NULL::int, c.first_ts,
        jsonb_build_object('n', c.n) || CASE WHEN c.name = 'missing_days_interior' THEN jsonb_build_object(
            'share', c.n::float8 / (SELECT count(*) FROM judged AS j WHERE j.tf = c.tf AND j.is_closed),
            'worst', c.worst) ELSE '{}' END
    FROM counted AS c;
    RETURN QUERY
    SELECT
        v.name, 'error', p_id, b.tf, NULL::int, v.ts,
        jsonb_build_object('n', 1) || v.detail
    FROM timeframes_built(p_id, p_timeframes) AS b
    INNER JOIN unnest(v_tfs, v_nominal, v_partial) AS t (tf, tf_days_nominal, allow_partial_start)
        ON t.tf = b.tf
    CROSS JOIN LATERAL (VALUES
        ('tf_days_not_nominal', t.tf_days_nominal <> timeframe_nominal_days(t.tf), NULL::timestamptz,
            jsonb_build_object('min', t.tf_days_nominal, 'max', t.tf_days_nominal)),
        ('partial_start_unexpected', t.allow_partial_start AND NOT b.is_anchored, b.first_ts, '{}')
    ) AS v (name, is_bad, ts, detail)
    WHERE v.is_bad;
END;
$$;
