-- asset_ids: every asset there is: of assets, with raw days, or with anything made of them.
-- Returns   ids in order.
-- Errors    none.
-- Cost      index probes per asset, however long the histories; on a Citus cluster each shard scans its ids.
-- Rule      an asset whose raw days are gone stays on the list until a refresh has removed the rest.
CREATE OR REPLACE FUNCTION asset_ids()
RETURNS SETOF int
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
DECLARE
    v_stored int[];
BEGIN
    -- A recursive query cannot be sent to the shards of a cluster.
    IF is_cluster() THEN
        -- The union within FROM and of what is split by asset alone, so that shards send each asset once.
        v_stored := ARRAY(
            SELECT a.id FROM (
                SELECT h.id FROM cmc_price_histories7 AS h
                UNION SELECT d.id FROM cmc_price_bars_1d AS d
                UNION SELECT s.id FROM cmc_price_bars_1d_state AS s
                UNION SELECT b.id FROM bars AS b
                UNION SELECT s.id FROM bars_state AS s
                UNION SELECT s.id FROM emas_state AS s
            ) AS a);
        RETURN QUERY
        SELECT a.id FROM unnest(v_stored) AS a (id) UNION SELECT k.id FROM assets AS k ORDER BY 1;
        RETURN;
    END IF;
    RETURN QUERY
    WITH RECURSIVE loaded (id) AS (
        SELECT (
            SELECT least(
                (SELECT min(h.id) FROM cmc_price_histories7 AS h),
                (SELECT min(d.id) FROM cmc_price_bars_1d AS d),
                (SELECT min(b.id) FROM bars AS b)))
        UNION ALL
        SELECT (
            SELECT least(
                (SELECT min(h.id) FROM cmc_price_histories7 AS h WHERE h.id > l.id),
                (SELECT min(d.id) FROM cmc_price_bars_1d AS d WHERE d.id > l.id),
                (SELECT min(b.id) FROM bars AS b WHERE b.id > l.id)))
        FROM loaded AS l
        WHERE l.id IS NOT NULL
    )
    SELECT l.id FROM loaded AS l WHERE l.id IS NOT NULL
    UNION SELECT a.id FROM assets AS a
    UNION SELECT s.id FROM cmc_price_bars_1d_state AS s
    UNION SELECT s.id FROM bars_state AS s
    UNION SELECT s.id FROM emas_state AS s
    ORDER BY 1;
END;
$$;
