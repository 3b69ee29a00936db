-- bar_snapshots: the snapshots of one timeframe of one asset.
--   p_id    asset id
--   p_tf    timeframe; 1D gives the validated days in the form of snapshots
--   p_from, p_to   p_from <= time_close < p_to; NULL: open end. Values don't depend on the range
-- Returns   the columns of the bar relations with bar_anchor_offset (NULL where a family has none), by
--           time_close.
-- Errors    TA001 unknown id, TA002 unknown timeframe, TA004 p_from after p_to.
-- Cost      the blocks of 64 days that the range touches, about 3 us a day.
-- Rule      a selection of bar_snapshot_rows.
CREATE OR REPLACE FUNCTION bar_snapshots(
    p_id int, p_tf text, p_from timestamptz DEFAULT NULL, p_to timestamptz DEFAULT NULL)
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
AS $$
#variable_conflict use_column
DECLARE
    v_first_block int;
    v_last_block int;
BEGIN
    PERFORM check_read(p_tf, p_from, p_to);
    PERFORM check_asset(p_id);
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
            v.id = p_id
            AND v."timestamp" >= coalesce(p_from, '-infinity') AND v."timestamp" < coalesce(p_to, 'infinity')
        ORDER BY v."timestamp";
        RETURN;
    END IF;
    SELECT b.first_block, b.last_block INTO v_first_block, v_last_block
    FROM blocks_of_range(p_id, p_from, p_to) AS b;
    RETURN QUERY
    SELECT v.id, v.tf, v.tf_days, v.bar_seq, v.bar_anchor_offset, v.time_open, v.time_close, v.time_high,
        v.time_low, v.open, v.high, v.low, v.close, v.volume, v.market_cap, v."timestamp",
        v.last_ts_half_open, v.pos_in_bar, v.is_partial_start, v.is_partial_end, v.count_days,
        v.count_days_remaining, v.is_missing_days, v.count_missing_days, v.count_missing_days_start,
        v.count_missing_days_end, v.count_missing_days_interior, v.missing_days_where, v.first_missing_day,
        v.last_missing_day
    FROM (
        -- OFFSET 0: the blocks first, whatever the planner makes of the range.
        SELECT s.* FROM bar_snapshot_rows AS s
        WHERE s.id = p_id AND s.tf = p_tf AND s.block BETWEEN v_first_block AND v_last_block
        OFFSET 0
    ) AS v
    WHERE v."timestamp" >= coalesce(p_from, '-infinity') AND v."timestamp" < coalesce(p_to, 'infinity')
    ORDER BY v."timestamp";
END;
$$;
