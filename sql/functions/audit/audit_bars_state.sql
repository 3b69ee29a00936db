-- audit_bars_state: do the states of days and bars agree with what is stored?
--   p_ids   asset ids; NULL: all
-- Returns   findings: state_differs (error; the columns that disagree, with tf where one timeframe does),
--           bars_behind (warning; what waits for a refresh of bars, with tf where one timeframe does),
--           zone_mixed (error).
-- Errors    none.   Cost  the states, and the ends of days and bars.
-- Rule      a state counts all days of its asset, and its newest bar ends with the last of them; what waits
--           for a refresh isn't judged. All bars of an asset are of one zone.
CREATE OR REPLACE FUNCTION audit_bars_state(p_ids int[] DEFAULT NULL)
RETURNS TABLE ("check" text, severity text, id int, tf text, period int, ts timestamptz, detail jsonb)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
SET timezone = 'UTC'
SET jit = off
SET plan_cache_mode = force_custom_plan
AS $$
#variable_conflict use_column
DECLARE
    -- One asset by its name: so it reaches every table behind a view.
    v_only int := CASE WHEN cardinality(p_ids) = 1 THEN p_ids[1] END;
BEGIN
    IF goes_one_by_one(p_ids) THEN
        RETURN QUERY
        SELECT f.* FROM unnest(coalesce(p_ids, ARRAY(SELECT k.id FROM asset_ids() AS k (id)))) AS a (id)
        CROSS JOIN LATERAL audit_bars_state(ARRAY[a.id]) AS f;
        RETURN;
    END IF;
    RETURN QUERY
    WITH lasting AS MATERIALIZED (
        SELECT d.id, min(d."timestamp") AS first_ts, max(d."timestamp") AS last_ts, count(*) AS n_rows
        FROM cmc_price_bars_1d AS d
        WHERE p_ids IS NULL OR d.id = ANY(p_ids)
        GROUP BY d.id
    ),
    states AS (
        SELECT s.* FROM bars_state AS s WHERE s.tfs <> '{}' AND (p_ids IS NULL OR s.id = ANY(p_ids))
    ),
    newest AS MATERIALIZED (
        SELECT DISTINCT ON (b.id, b.tf) b.id, b.tf, b.time_close FROM bars AS b
        WHERE p_ids IS NULL OR b.id = ANY(p_ids)
        ORDER BY b.id, b.tf, b.bar_seq DESC
    ),
    differing AS (
        SELECT s.id, NULL::text AS tf, s.bar_group AS family, v.name AS column_name
        FROM states AS s
        LEFT JOIN lasting AS l ON l.id = s.id
        CROSS JOIN LATERAL (VALUES
            ('daily_min_seen', s.first_ts IS DISTINCT FROM l.first_ts),
            ('daily_max_seen', s.last_ts IS DISTINCT FROM l.last_ts),
            ('n_rows', s.n_rows IS DISTINCT FROM l.n_rows)
        ) AS v (name, differs)
        WHERE s.dirty_from IS NULL AND v.differs
        UNION ALL
        SELECT n.id, n.tf, t.bar_group, CASE WHEN b.id IS NULL THEN 'state' ELSE 'last_time_close' END
        FROM newest AS n
        INNER JOIN dim_timeframe AS t ON t.tf = n.tf AND t.tf <> '1D'
        LEFT JOIN built_timeframes AS b ON b.id = n.id AND b.tf = n.tf AND (v_only IS NULL OR b.id = v_only)
        LEFT JOIN lasting AS l ON l.id = n.id
        WHERE b.id IS NULL OR (b.settled AND n.time_close <> l.last_ts)
        UNION ALL
        -- The state of the days themselves: the newest raw row was examined.
        SELECT coalesce(l.id, s.id), '1D', '1d', 'last_src_ts'
        FROM lasting AS l
        FULL JOIN (
            SELECT * FROM cmc_price_bars_1d_state AS x WHERE p_ids IS NULL OR x.id = ANY(p_ids)
        ) AS s ON s.id = l.id
        WHERE
            NOT EXISTS (
                SELECT 1 FROM raw_changes AS r
                WHERE r.id = coalesce(l.id, s.id) AND (p_ids IS NULL OR r.id = ANY(p_ids)))
            AND s.last_src_ts IS DISTINCT FROM (
                SELECT max(h."timestamp") FROM cmc_price_histories7 AS h
                WHERE h.id = coalesce(l.id, s.id) AND (p_ids IS NULL OR h.id = ANY(p_ids)))
    )
    SELECT
        'state_differs', 'error', d.id, d.tf, NULL::int, NULL::timestamptz,
        jsonb_build_object('columns', jsonb_agg(DISTINCT d.column_name),
            'families', jsonb_agg(DISTINCT d.family))
    FROM differing AS d
    GROUP BY d.id, d.tf
    UNION ALL
    SELECT
        'bars_behind', 'warning', w.id, w.tf, NULL::int, w.since,
        jsonb_build_object('since', w.since, 'n_rows', (
            SELECT count(*) FROM cmc_price_bars_1d AS d
            WHERE d.id = w.id AND d."timestamp" >= w.since AND (p_ids IS NULL OR d.id = ANY(p_ids))
        ), 'families', w.families)
    FROM (
        SELECT s.id, NULL::text AS tf, min(s.dirty_from) AS since,
            jsonb_agg(s.bar_group ORDER BY s.bar_group) AS families
        FROM states AS s
        WHERE s.dirty_from IS NOT NULL
        GROUP BY s.id
        UNION ALL
        SELECT p.id, p.tf, p.dirty_from, jsonb_build_array(p.bar_group) FROM bars_pending AS p
        WHERE p_ids IS NULL OR p.id = ANY(p_ids)
    ) AS w
    UNION ALL
    SELECT
        'zone_mixed', 'error', s.id, NULL::text, NULL::int, NULL::timestamptz,
        jsonb_build_object('zones', jsonb_agg(DISTINCT s.tz))
    FROM states AS s
    GROUP BY s.id
    HAVING count(DISTINCT s.tz) > 1;
END;
$$;
