-- bar_snapshots: the snapshots of one timeframe of many assets.
--   p_ids   asset ids; those without bars give no rows
--   p_tf    timeframe
--   p_from, p_to   p_from <= time_close < p_to; NULL: open end. Values don't depend on the range
-- Returns   as bar_snapshots of one asset, by id and time_close.
-- Errors    TA002 unknown timeframe, TA004 p_from after p_to.
-- Cost      per asset the blocks of 64 days that the range touches.
-- Rule      one query over all assets.
CREATE OR REPLACE FUNCTION bar_snapshots(
    p_ids int[], p_tf text, p_from timestamptz DEFAULT NULL, p_to timestamptz DEFAULT NULL)
RETURNS TABLE (
    id int, tf text, tf_days int, bar_seq int, bar_anchor_offset int, time_open timestamptz,
    time_close timestamptz, time_high timestamptz, time_low timestamptz, open float8, high float8, low float8,
    close float8, volume float8, market_cap float8, "timestamp" timestamptz, last_ts_half_open timestamptz,
    pos_in_bar int, is_partial_start boolean, is_partial_end boolean, count_days int,
    count_days_remaining int, is_missing_days boolean, count_missing_days int, count_missing_days_start int,
    count_missing_days_end int, count_missing_days_interior int, missing_days_where text,
    first_missing_day date, last_missing_day date)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
SET join_collapse_limit = 1
SET jit = off
AS $$
#variable_conflict use_column
BEGIN
    PERFORM check_read(p_tf, p_from, p_to);
    IF p_tf = '1D' THEN
        RETURN QUERY
        SELECT v.id, v.tf, v.tf_days, v.bar_seq, v.bar_anchor_offset, v.time_open, v.time_close, v.time_high,
        v.time_low, v.open, v.high, v.low, v.close, v.volume, v.market_cap, v."timestamp",
        v.last_ts_half_open, v.pos_in_bar, v.is_partial_start, v.is_partial_end, v.count_days,
        v.count_days_remaining, v.is_missing_days, v.count_missing_days, v.count_missing_days_start,
        v.count_missing_days_end, v.count_missing_days_interior, v.missing_days_where, v.first_missing_day,
        v.last_missing_day
        FROM day_snapshot_rows AS v
        WHERE
            v.id = ANY(p_ids)
            AND v."timestamp" >= coalesce(p_from, '-infinity') AND v."timestamp" < coalesce(p_to, 'infinity')
        ORDER BY v.id, v."timestamp";
        RETURN;
    END IF;
    RETURN QUERY
    SELECT v.id, v.tf, v.tf_days, v.bar_seq, v.bar_anchor_offset, v.time_open, v.time_close, v.time_high,
        v.time_low, v.open, v.high, v.low, v.close, v.volume, v.market_cap, v."timestamp",
        v.last_ts_half_open, v.pos_in_bar, v.is_partial_start, v.is_partial_end, v.count_days,
        v.count_days_remaining, v.is_missing_days, v.count_missing_days, v.count_missing_days_start,
        v.count_missing_days_end, v.count_missing_days_interior, v.missing_days_where, v.first_missing_day,
        v.last_missing_day
    FROM (
        SELECT d.id, min(d.block) AS first_block, max(d.block) AS last_block FROM cmc_price_bars_1d AS d
        WHERE
            d.id = ANY(p_ids)
            AND d."timestamp" >= coalesce(p_from, '-infinity') AND d."timestamp" < coalesce(p_to, 'infinity')
        GROUP BY d.id
    ) AS r
    CROSS JOIN LATERAL (
        -- OFFSET 0: asset by asset, only its blocks.
        SELECT s.* FROM bar_snapshot_rows AS s
        WHERE s.id = r.id AND s.tf = p_tf AND s.block BETWEEN r.first_block AND r.last_block
        OFFSET 0
    ) AS v
    WHERE v."timestamp" >= coalesce(p_from, '-infinity') AND v."timestamp" < coalesce(p_to, 'infinity')
    ORDER BY v.id, v."timestamp";
END;
$$;
