-- bars_due: which bars an asset must have, which of its rows each holds, and which days each lacks.
--   p_id           asset id
--   p_timeframes   what was built, as timeframes_built knows it; NULL: it is asked for
-- Returns   a row per bar of the timeframes that wait for nothing; times, prices and volume are NULL.
-- Errors    none.   Cost  10 us a bar.
-- Rule      N-day bars are runs of N rows; the others hold the rows whose days lie in their window. Both are
--           looked up in the sorted days: so many rows lie up to a day. In the same way every count of
--           missing days is a difference of two positions in the sorted sessions that the asset lacks; by the
--           calendar that its bars were built with.
CREATE OR REPLACE FUNCTION bars_due(p_id int, p_timeframes jsonb DEFAULT NULL)
RETURNS SETOF computed_bar
LANGUAGE plpgsql STABLE ROWS 10000
SET search_path FROM CURRENT
AS $$
DECLARE
    v_calendar text;
    v_clock session_clock;
    v_days date[];
    v_rows int;
    v_before date;
BEGIN
    SELECT max(s.calendar) INTO v_calendar FROM bars_state AS s WHERE s.id = p_id;
    v_clock := calendar_clock(v_calendar);
    SELECT array_agg(d.day ORDER BY d."timestamp"), count(*)
    INTO v_days, v_rows
    FROM cmc_price_bars_1d AS d WHERE d.id = p_id;
    IF v_rows = 0 THEN
        RETURN;
    END IF;
    v_before := last_session_before(v_clock, v_days[1]);
    RETURN QUERY
    WITH asset AS MATERIALIZED (
        SELECT v_days AS days, ARRAY(
            SELECT k.day FROM unnest(list_sessions(v_clock, v_days[1], v_days[v_rows])) AS k (day)
            EXCEPT SELECT u.day FROM unnest(v_days) AS u (day) ORDER BY 1
        ) AS missing
    ),
    timeframes AS (
        SELECT
            t.tf, t.unit_kind AS kind, t.tf_qty AS n,
            first_unit(t.unit_kind, t.tf_qty, t.is_anchored, v_days[1], v_before) AS first_unit,
            calendar_unit(t.unit_kind, v_days[v_rows]) AS last_unit
        FROM timeframes_built(p_id, p_timeframes) AS t
        WHERE t.settled
    ),
    held AS (
        SELECT
            t.tf, t.n, k.k AS bar_seq, (k.k - 1) * t.n + 1 AS first_row, least(k.k * t.n, v_rows) AS last_row,
            NULL::date AS expected_start, NULL::date AS window_end, k.k * t.n <= v_rows AS is_closed
        FROM timeframes AS t
        CROSS JOIN LATERAL generate_series(1, (v_rows + t.n - 1) / t.n) AS k (k)
        WHERE t.kind = 'D'
        UNION ALL
        SELECT
            t.tf, NULL, w.bar_seq, r.first_row, r.last_row, w.expected_start, w.window_end,
            r.last_row < v_rows OR sessions_between(v_clock, v_days[v_rows] + 1, w.window_end) = 0
        FROM timeframes AS t
        CROSS JOIN asset AS a
        CROSS JOIN LATERAL (
            SELECT
                k.k AS bar_seq, greatest(window_start(t.kind, t.n, t.first_unit, k.k), v_days[1])
                    AS expected_start,
                window_end(t.kind, t.n, t.first_unit, k.k) AS window_end
            FROM generate_series(1, bar_of_unit(t.n, t.first_unit, t.last_unit)) AS k (k)
        ) AS w
        CROSS JOIN LATERAL (
            SELECT
                width_bucket(w.expected_start - 1, a.days) + 1 AS first_row,
                width_bucket(w.window_end, a.days) AS last_row
        ) AS r
        WHERE t.kind <> 'D' AND r.first_row <= r.last_row
    )
    SELECT
        p_id, h.tf, h.bar_seq, h.first_row, h.last_row,
        CASE WHEN h.window_end IS NULL THEN h.n - (h.last_row - h.first_row + 1)
            WHEN h.is_closed THEN 0 ELSE sessions_between(v_clock, v_days[v_rows] + 1, h.window_end) END,
        m.at_first - m.before, m.at_last - m.at_first, m.up_to - m.at_last, h.is_closed,
        CASE WHEN m.up_to > m.before THEN a.missing[m.before + 1] END,
        CASE WHEN m.up_to > m.before THEN a.missing[m.up_to] END,
        NULL::timestamptz, NULL::timestamptz, NULL::timestamptz, NULL::timestamptz,
        NULL::float8, NULL::float8, NULL::float8, NULL::float8, NULL::float8, NULL::float8
    FROM held AS h
    CROSS JOIN asset AS a
    CROSS JOIN LATERAL (
        SELECT
            width_bucket(coalesce(h.expected_start, a.days[h.first_row]) - 1, a.missing) AS before,
            width_bucket(a.days[h.first_row], a.missing) AS at_first,
            width_bucket(a.days[h.last_row], a.missing) AS at_last,
            width_bucket(CASE WHEN h.window_end IS NOT NULL AND h.is_closed THEN h.window_end
                ELSE a.days[h.last_row] END, a.missing) AS up_to
    ) AS m;
END;
$$;
