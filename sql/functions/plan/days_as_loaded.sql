-- days_as_loaded: the assets whose newest raw days stand in the validated days as they were loaded.
--   p_ids            assets that were examined before (NULL: all)
--   p_lookback_days  so many days before the newest that was examined are compared, and all after it
--   p_keep_rejects   a bad day that isn't among the rejects counts
-- Returns   ids, in no order, without those of which a note tells that raw days changed.
-- Errors    none.   Cost  one query: index ranges of the look-back's days.
-- Rule      compares as plan_days does, by bars_1d_compared and what is stored without its raw day: table by
--           table, since a cluster fetches whole tables for a union.
CREATE OR REPLACE FUNCTION days_as_loaded(p_ids int[], p_lookback_days int, p_keep_rejects boolean)
RETURNS SETOF int
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
-- Few days of an asset are looked at: the planner, who doesn't know it, would merge or keep whole histories.
SET enable_mergejoin = off
SET enable_hashjoin = off
SET enable_material = off
AS $$
BEGIN
    RETURN QUERY
    SELECT s.id
    FROM cmc_price_bars_1d_state AS s
    CROSS JOIN LATERAL (
        SELECT max(h."timestamp") - make_interval(hours => 24 * p_lookback_days) AS since
        FROM cmc_price_histories7 AS h
        WHERE h.id = s.id AND h."timestamp" <= s.last_src_ts AND h."timestamp" < 'infinity'
    ) AS m
    -- The end of time excludes nothing: of what lies between two moments a planner expects few days, also
    -- one of a cluster, where the settings above don't arrive.
    CROSS JOIN LATERAL (
        SELECT count(*) FILTER (WHERE x.differs OR (p_keep_rejects AND x.reject_missing)) AS days
        FROM bars_1d_compared AS x
        WHERE x.id = s.id AND x."timestamp" > m.since AND x."timestamp" <= 'infinity'
    ) AS w
    CROSS JOIN LATERAL (
        SELECT count(*) - count(h.id) AS days
        FROM cmc_price_bars_1d AS d
        LEFT JOIN cmc_price_histories7 AS h ON h.id = d.id AND h."timestamp" = d."timestamp"
        WHERE d.id = s.id AND d."timestamp" > m.since AND d."timestamp" <= 'infinity'
    ) AS g
    CROSS JOIN LATERAL (
        SELECT count(*) - count(h.id) AS days
        FROM cmc_price_bars_1d_rejects AS r
        LEFT JOIN cmc_price_histories7 AS h ON h.id = r.id AND h."timestamp" = r."timestamp"
        WHERE r.id = s.id AND r."timestamp" > m.since AND r."timestamp" <= 'infinity'
    ) AS q
    WHERE
        (p_ids IS NULL OR s.id = ANY(p_ids))
        AND NOT EXISTS (SELECT 1 FROM raw_changes AS c WHERE c.id = s.id)
        AND w.days = 0 AND g.days = 0 AND q.days = 0;
END;
$$;
