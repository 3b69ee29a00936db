-- days_as_loaded: the assets whose newest raw days stand in the validated days as they were loaded.
--   p_ids            assets that were examined before
--   p_lookback_days  so many days before the newest that was examined are compared, and all after it
--   p_keep_rejects   a bad day that isn't among the rejects counts
-- Returns   ids, in no order.
-- Errors    none.   Cost  one query: index ranges of the look-back's days.
-- Rule      compares as plan_days does, by bars_1d_differing.
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
        SELECT max(h."timestamp") AS newest FROM cmc_price_histories7 AS h
        WHERE h.id = s.id AND h."timestamp" <= s.last_src_ts AND h."timestamp" < 'infinity'
    ) AS m
    CROSS JOIN LATERAL (
        SELECT min(x."timestamp") AS differs_at FROM bars_1d_differing AS x
        WHERE
            x.id = s.id AND x."timestamp" > m.newest - make_interval(hours => 24 * p_lookback_days)
            AND (x.differs OR (p_keep_rejects AND x.reject_missing))
    ) AS w
    WHERE s.id = ANY(p_ids) AND w.differs_at IS NULL;
END;
$$;
