-- audit_bars_1d_sessions: days against the sessions of the asset's calendar.
--   p_id   asset id
-- Returns   findings, none for an asset without calendar: missing_sessions; n of them in n_runs runs, the
--           longest, first and last (warning: more than 3 in a row or more than 1 % of all; else info).
--           extra_rows; n rows on days that are no session, their share, first, last and weekdays
--           (warning: more than 3 and more than 1 % of the rows; else info).
-- Errors    none.   Cost  the days from the first row to the last, below a microsecond each.
-- Rule      by the applied form of the calendar that the asset has now. Accepted days count neither way.
CREATE OR REPLACE FUNCTION audit_bars_1d_sessions(p_id int)
RETURNS SETOF finding
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
DECLARE
    v_accepted jsonb := accepted_days(p_id);
    v_calendar text;
    v_clock session_clock;
    v_days date[];
    v_stamps timestamptz[];
    v_sessions date[];
BEGIN
    SELECT a.calendar INTO v_calendar FROM assets AS a WHERE a.id = p_id;
    IF v_calendar IS NULL THEN
        RETURN;
    END IF;
    v_clock := calendar_clock(v_calendar);
    SELECT array_agg(d.day ORDER BY d.day), array_agg(d."timestamp" ORDER BY d.day) INTO v_days, v_stamps
    FROM cmc_price_bars_1d AS d WHERE d.id = p_id;
    v_sessions := list_sessions(v_clock, v_days[1], v_days[cardinality(v_days)]);
    RETURN QUERY
    WITH days AS MATERIALIZED (
        SELECT u.day, u.ts FROM unnest(v_days, v_stamps) AS u (day, ts)
    ),
    missing AS (
        -- Sessions of one run share the difference of two counts.
        SELECT m.day, m.nth - row_number() OVER (ORDER BY m.day) AS run
        FROM (SELECT s.day, s.nth FROM unnest(v_sessions) WITH ORDINALITY AS s (day, nth)) AS m
        LEFT JOIN days AS d ON d.day = m.day
        WHERE d.day IS NULL AND is_told(v_accepted, 'missing_sessions', 'warning', m.day)
    ),
    runs AS (
        SELECT count(*) AS n, min(m.day) AS first_day, max(m.day) AS last_day FROM missing AS m GROUP BY m.run
    ),
    extra AS (
        SELECT d.day, d.ts FROM days AS d
        LEFT JOIN unnest(v_sessions) AS s (day) ON s.day = d.day
        WHERE s.day IS NULL AND is_told(v_accepted, 'extra_rows', 'warning', d.day)
    )
    SELECT
        'missing_sessions',
        CASE WHEN max(r.n) > 3 OR sum(r.n) * 100 > cardinality(v_sessions) THEN 'warning' ELSE 'info' END,
        p_id, '1D', NULL::int, (SELECT min(d.ts) FROM days AS d WHERE d.day > min(r.first_day)),
        jsonb_build_object(
            'n', sum(r.n), 'n_runs', count(*), 'longest', max(r.n), 'first', min(r.first_day),
            'last', max(r.last_day), 'calendar', v_calendar)
    FROM runs AS r
    HAVING count(*) > 0
    UNION ALL
    SELECT
        'extra_rows',
        CASE WHEN count(*) > 3 AND count(*) * 100 > cardinality(v_days) THEN 'warning' ELSE 'info' END,
        p_id, '1D', NULL::int, min(e.ts),
        jsonb_build_object(
            'n', count(*), 'share', count(*)::float8 / cardinality(v_days), 'first', min(e.day),
            'last', max(e.day), 'calendar', v_calendar, 'weekdays', (
                SELECT jsonb_agg(to_char(date 'J0' + w.weekday, 'FMDay') ORDER BY w.weekday)
                FROM (SELECT DISTINCT (x.day - date 'J0') % 7 AS weekday FROM extra AS x) AS w))
    FROM extra AS e
    HAVING count(*) > 0;
END;
$$;
