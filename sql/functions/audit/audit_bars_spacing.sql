-- audit_bars_spacing: are neighbouring closed bars as far apart as their timeframe says?
--   p_id           asset id
--   p_timeframes   what was built, as timeframes_built knows it; NULL: it is asked for
-- Returns   findings: spacing; n of n_deltas distances in local days outside the catalogue's bounds. info
--           when missing days explain all of them exactly, else error. ema_spacing (info): the same, where a
--           period has an EMA.
-- Errors    none.   Cost  one pass over the closed bars, the days and the vectors.
-- Rule      N-day bars are explained when their closes are N rows apart; calendar bars when their windows are
--           as far apart as their closes, less the days missing at their ends. With a calendar, closes of
--           N-day bars are sessions apart, and those of calendar bars stand at the ends of their windows.
CREATE OR REPLACE FUNCTION audit_bars_spacing(p_id int, p_timeframes jsonb DEFAULT NULL)
RETURNS SETOF finding
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
SET enable_nestloop = off
SET enable_mergejoin = off
SET work_mem = '64MB'
AS $$
DECLARE
    -- NULL too while bars wait for a refresh that takes up another calendar.
    v_calendar text;
    v_clock session_clock;
    v_seeded text[] := seeded_timeframes(p_id);
BEGIN
    SELECT a.calendar INTO v_calendar FROM assets AS a WHERE a.id = p_id;
    IF calendar_pending(p_id) THEN
        v_calendar := NULL;
    END IF;
    v_clock := calendar_clock(v_calendar);
    RETURN QUERY
    WITH days AS MATERIALIZED (
        SELECT row_number() OVER (ORDER BY d."timestamp") AS row_no, d."timestamp" AS ts, d.day
        FROM stored_days(p_id) AS d
    ),
    frames AS MATERIALIZED (
        SELECT
            t.tf, t.unit_kind, t.tf_qty,
            first_unit(t.unit_kind, t.tf_qty, t.is_anchored, t.first_day, t.session_before) AS first_unit,
            coalesce(t.tf_days_min, timeframe_nominal_days(t.tf) - 0.5) AS least,
            coalesce(t.tf_days_max, timeframe_nominal_days(t.tf) + 0.5) AS most
        FROM timeframes_built(p_id, p_timeframes) AS t
        WHERE t.settled
    ),
    closes AS (
        SELECT
            t.*, b.bar_seq, b.time_close, b.missing_end, d.row_no,
            CASE WHEN v_calendar IS NOT NULL AND t.unit_kind <> 'D'
                THEN window_end(t.unit_kind, t.tf_qty, t.first_unit, b.bar_seq) - date 'J0'
                ELSE session_number(v_clock, d.day) END AS place
        FROM stored_bars(p_id) AS b
        INNER JOIN frames AS t ON t.tf = b.tf
        LEFT JOIN days AS d ON d.ts = b.time_close
        WHERE b.is_closed
    ),
    deltas AS (
        SELECT
            c.*, c.place - lag(c.place) OVER w AS delta, c.row_no - lag(c.row_no) OVER w AS rows_between,
            lag(c.bar_seq) OVER w AS bar_before, lag(c.missing_end) OVER w AS missing_before
        FROM closes AS c
        WINDOW w AS (PARTITION BY c.tf ORDER BY c.bar_seq)
    ),
    judged AS (
        SELECT
            e.*, e.delta NOT BETWEEN e.least AND e.most AS is_outside,
            CASE
                WHEN e.unit_kind = 'D' THEN e.rows_between = e.tf_qty
                WHEN v_calendar IS NOT NULL THEN true
                ELSE e.delta + e.missing_end - e.missing_before
                    = window_end(e.unit_kind, e.tf_qty, e.first_unit, e.bar_seq)
                    - window_end(e.unit_kind, e.tf_qty, e.first_unit, e.bar_before)
            END IS TRUE AS is_explained
        FROM deltas AS e
        -- A hole in the numbers of N-day bars is a matter of numbering.
        WHERE e.bar_before = e.bar_seq - 1 OR (e.unit_kind <> 'D' AND e.bar_before IS NOT NULL)
    ),
    spaced AS (
        SELECT
            j.tf, bool_and(j.is_explained) FILTER (WHERE j.is_outside) AS are_explained,
            min(j.time_close) FILTER (WHERE j.is_outside) AS ts, count(*) FILTER (WHERE j.is_outside) AS n,
            count(*) AS n_deltas, min(j.delta) AS least, max(j.delta) AS most
        FROM judged AS j
        GROUP BY j.tf
        HAVING bool_or(j.is_outside)
    )
    SELECT v.name, v.severity, p_id, s.tf, NULL::int, s.ts, v.detail
    FROM spaced AS s
    CROSS JOIN LATERAL (VALUES
        ('spacing', CASE WHEN s.are_explained THEN 'info' ELSE 'error' END, jsonb_build_object(
            'n', s.n, 'n_deltas', s.n_deltas, 'share', s.n::float8 / s.n_deltas, 'min_delta', s.least,
            'max_delta', s.most)),
        ('ema_spacing', CASE WHEN s.tf = ANY(v_seeded) THEN 'info' END, jsonb_build_object(
            'n', s.n, 'min_days', s.least, 'max_days', s.most))
    ) AS v (name, severity, detail)
    WHERE v.severity IS NOT NULL;
END;
$$;
