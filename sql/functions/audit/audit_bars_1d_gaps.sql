-- audit_bars_1d_gaps: local days without a validated day between the first and the last.
--   p_ids   asset ids; NULL: all
-- Returns   findings: missing_local_days; n expected days missing in n_runs runs, the longest, first and last
--           of them. warning: more than 3 in all for an asset that trades every day, more than 3 in one run
--           for one that has Mondays to Fridays only; else info.
-- Errors    none.   Cost  one pass over the validated days in time order.
-- Rule      an asset without a day on any weekend is expected on weekdays only; there is no calendar of
--           holidays.
CREATE OR REPLACE FUNCTION audit_bars_1d_gaps(p_ids int[] DEFAULT NULL)
RETURNS TABLE ("check" text, severity text, id int, tf text, period int, ts timestamptz, detail jsonb)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
SET jit = off
SET plan_cache_mode = force_custom_plan
AS $$
#variable_conflict use_column
BEGIN
    IF goes_one_by_one(p_ids) THEN
        RETURN QUERY
        SELECT f.* FROM unnest(coalesce(p_ids, ARRAY(SELECT k.id FROM asset_ids() AS k (id)))) AS a (id)
        CROSS JOIN LATERAL audit_bars_1d_gaps(ARRAY[a.id]) AS f;
        RETURN;
    END IF;
    RETURN QUERY
    WITH zones AS (
        SELECT s.id, min(s.tz) AS tz FROM bars_state AS s
        WHERE (p_ids IS NULL OR s.id = ANY(p_ids))
        GROUP BY s.id
    ),
    days AS (
        SELECT d.id, d."timestamp" AS ts,
            (d."timestamp" AT TIME ZONE coalesce(z.tz, 'America/New_York'))::date AS day
        FROM cmc_price_bars_1d AS d
        LEFT JOIN zones AS z ON z.id = d.id
        WHERE p_ids IS NULL OR d.id = ANY(p_ids)
    ),
    gaps AS (
        SELECT
            w.id, w.ts, w.day, w.day_before + 1 AS first_day, w.day - 1 AS last_day, w.seven,
            -- Julian day 0 is a Monday: weekdays before a day are 5 a week and at most 5 of the last one.
            CASE WHEN w.seven THEN w.day - w.day_before - 1 ELSE
                5 * ((w.day - date 'J0') / 7 - (w.day_before + 1 - date 'J0') / 7)
                + least((w.day - date 'J0') % 7, 5) - least((w.day_before + 1 - date 'J0') % 7, 5)
            END AS n
        FROM (
            SELECT
                d.*,
                lag(d.day) OVER (PARTITION BY d.id ORDER BY d.ts) AS day_before,
                bool_or(extract(ISODOW FROM d.day) > 5) OVER (PARTITION BY d.id) AS seven
            FROM days AS d
        ) AS w
        WHERE w.day > w.day_before + 1
    ),
    runs AS (
        -- A run of a weekday asset neither begins nor ends on a weekend.
        SELECT
            g.id, g.ts, g.n, g.seven,
            CASE WHEN g.seven THEN g.first_day ELSE g.first_day + CASE extract(ISODOW FROM g.first_day)::int
                WHEN 6 THEN 2 WHEN 7 THEN 1 ELSE 0 END END AS first_day,
            CASE WHEN g.seven THEN g.last_day ELSE g.last_day - CASE extract(ISODOW FROM g.last_day)::int
                WHEN 6 THEN 1 WHEN 7 THEN 2 ELSE 0 END END AS last_day
        FROM gaps AS g
        WHERE g.n > 0
    )
    SELECT
        'missing_local_days',
        CASE WHEN (bool_and(r.seven) AND sum(r.n) > 3) OR (NOT bool_and(r.seven) AND max(r.n) > 3)
            THEN 'warning' ELSE 'info' END,
        r.id, '1D', NULL::int, min(r.ts),
        jsonb_build_object(
            'n', sum(r.n), 'n_runs', count(*), 'longest', max(r.n), 'first', min(r.first_day),
            'last', max(r.last_day), 'calendar', CASE WHEN bool_and(r.seven) THEN '7-day' ELSE '5-day' END)
    FROM runs AS r
    GROUP BY r.id;
END;
$$;
