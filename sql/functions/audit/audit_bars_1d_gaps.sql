-- audit_bars_1d_gaps: local days without a validated day between the first and the last.
--   p_id   asset id
-- Returns   findings: missing_local_days; n expected days missing in n_runs runs, the longest, first and last
--           of them. warning: more than 3 in all for an asset that trades every day, more than 3 in one run
--           for one that has Mondays to Fridays only; else info.
-- Errors    none.   Cost  one pass over the validated days in time order.
-- Rule      of assets without calendar; one that doesn't trade on weekends is expected on weekdays only, and
--           a row on a Saturday is no trouble. Accepted days aren't missing.
CREATE OR REPLACE FUNCTION audit_bars_1d_gaps(p_id int)
RETURNS SETOF finding
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
DECLARE
    v_accepted jsonb := accepted_days(p_id);
    v_calendar text;
BEGIN
    SELECT a.calendar INTO v_calendar FROM assets AS a WHERE a.id = p_id;
    IF v_calendar IS NOT NULL THEN
        RETURN;
    END IF;
    RETURN QUERY
    WITH days AS MATERIALIZED (
        SELECT
            d."timestamp" AS ts, d.day, lag(d.day) OVER (ORDER BY d.day) AS day_before,
            trades_on_weekends(
                count(*) FILTER (WHERE extract(ISODOW FROM d.day) > 5) OVER (), count(*) OVER ()) AS is_seven
        FROM stored_days(p_id) AS d
    ),
    -- A run: the expected days that lack between two rows.
    runs AS (
        SELECT d.ts, d.is_seven, count(*) AS n, min(g.day) AS first_day, max(g.day) AS last_day
        FROM days AS d
        CROSS JOIN LATERAL (
            SELECT d.day_before + k.k AS day FROM generate_series(1, d.day - d.day_before - 1) AS k (k)
        ) AS g
        WHERE d.day > d.day_before + 1 AND (d.is_seven OR extract(ISODOW FROM g.day) < 6)
            AND is_told(v_accepted, 'missing_local_days', 'warning', g.day)
        GROUP BY d.ts, d.is_seven
    )
    SELECT
        'missing_local_days',
        CASE WHEN CASE WHEN bool_and(r.is_seven) THEN sum(r.n) ELSE max(r.n) END > 3
            THEN 'warning' ELSE 'info' END,
        p_id, '1D', NULL::int, min(r.ts),
        jsonb_build_object(
            'n', sum(r.n), 'n_runs', count(*), 'longest', max(r.n), 'first', min(r.first_day),
            'last', max(r.last_day), 'calendar', CASE WHEN bool_and(r.is_seven) THEN '7-day' ELSE '5-day' END)
    FROM runs AS r
    HAVING count(*) > 0;
END;
$$;
