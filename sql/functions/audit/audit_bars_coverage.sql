-- audit_bars_coverage: are there bars of exactly the timeframes that were built?
--   p_ids   asset ids; NULL: all
-- Returns   findings: coverage_missing (error, one per asset and family; of n_expected timeframes n_missing
--           have no bar), coverage_unexpected (error; settled bars of an asset without days, or bars of a
--           timeframe that the catalogue doesn't give).
-- Errors    none.   Cost  the states, the catalogue and the keys of the bars.
-- Rule      due is what was built, is settled, and has a day in its first window or later; what was never
--           built, or came new into the catalogue, waits for the next refresh.
CREATE OR REPLACE FUNCTION audit_bars_coverage(p_ids int[] DEFAULT NULL)
RETURNS TABLE ("check" text, severity text, id int, tf text, period int, ts timestamptz, detail jsonb)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
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
        CROSS JOIN LATERAL audit_bars_coverage(ARRAY[a.id]) AS f;
        RETURN;
    END IF;
    RETURN QUERY
    WITH stored AS MATERIALIZED (
        SELECT b.id, b.tf, count(*) AS n, min(b.time_close) AS first_close FROM bars AS b
        WHERE p_ids IS NULL OR b.id = ANY(p_ids)
        GROUP BY b.id, b.tf
    ),
    lasting AS MATERIALIZED (
        SELECT d.id, min(d."timestamp") AS first_ts, max(d."timestamp") AS last_ts FROM cmc_price_bars_1d AS d
        WHERE p_ids IS NULL OR d.id = ANY(p_ids)
        GROUP BY d.id
    )
    SELECT
        'coverage_missing', 'error', c.id, NULL::text, NULL::int, NULL::timestamptz,
        jsonb_build_object(
            'family', c.family, 'n_expected', c.n_expected, 'n_actual', c.n_actual,
            'n_missing', c.n_expected - c.n_actual,
            'share', (c.n_expected - c.n_actual)::float8 / c.n_expected, 'tfs', c.tfs)
    FROM (
        SELECT
            t.id, f.family, count(*) AS n_expected, count(s.tf) AS n_actual,
            jsonb_agg(t.tf ORDER BY t.tf) FILTER (WHERE s.tf IS NULL) AS tfs
        FROM built_timeframes AS t
        INNER JOIN lasting AS l ON l.id = t.id
        CROSS JOIN LATERAL unnest(string_to_array(t.family, '|')) AS f (family)
        LEFT JOIN stored AS s ON s.id = t.id AND s.tf = t.tf
        WHERE
            t.settled AND (v_only IS NULL OR t.id = v_only)
            AND (t.unit_kind = 'D' OR calendar_unit(t.unit_kind, (l.last_ts AT TIME ZONE t.tz)::date)
                >= timeframe_first_unit(t.tf, (l.first_ts AT TIME ZONE t.tz)::date))
        GROUP BY t.id, f.family
    ) AS c
    WHERE c.n_actual < c.n_expected
    UNION ALL
    SELECT
        'coverage_unexpected', 'error', s.id, s.tf, NULL::int, s.first_close, jsonb_build_object('n', s.n)
    FROM stored AS s
    WHERE
        NOT EXISTS (SELECT 1 FROM dim_timeframe AS t WHERE t.tf = s.tf AND t.tf <> '1D')
        OR (
            NOT EXISTS (SELECT 1 FROM lasting AS l WHERE l.id = s.id)
            AND NOT EXISTS (
                SELECT 1 FROM built_timeframes AS t
                WHERE t.id = s.id AND t.tf = s.tf AND NOT t.settled AND (v_only IS NULL OR t.id = v_only)));
END;
$$;
