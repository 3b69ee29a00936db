-- bar_snapshots: the snapshots of one timeframe of one asset.
--   p_id    asset id
--   p_tf    timeframe; 1D gives the validated days in the form of snapshots
--   p_from, p_to   p_from <= time_close < p_to; NULL: open end. Values don't depend on the range
-- Returns   the columns of the bar relations with bar_anchor_offset (NULL where a family has none), by
--           time_close.
-- Errors    TA001 unknown id, TA002 unknown timeframe, TA004 p_from after p_to.
-- Cost      the days of the bars that overlap the range, about 3 us a day.
-- Rule      every snapshot is its bar as it stood after that day.
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
AS $$
#variable_conflict use_column
DECLARE
    v_first int;
    v_last int;
BEGIN
    PERFORM check_read(p_tf, p_from, p_to);
    PERFORM check_asset(p_id);
    IF p_tf = '1D' THEN
        RETURN QUERY
        SELECT x.* FROM (SELECT
        d.id, '1D'::text AS tf, 1 AS tf_days, d.bar_seq, NULL::int AS anchor_offset,
        bar_time_open(lag(d."timestamp") OVER w, d."timestamp"),
        d."timestamp" AS time_close, d.time_high, d.time_low, d.open, d.high, d.low, d.close, d.volume,
        d.market_cap, d."timestamp", d."timestamp" + interval '1 millisecond' AS half_open, 1, false, false,
        1, 0, false, 0, 0, 0, 0, NULL::text, NULL::date, NULL::date
        FROM cmc_price_bars_1d AS d WHERE d.id = p_id WINDOW w AS (ORDER BY d.bar_seq)) AS x
        WHERE x."timestamp" >= coalesce(p_from, '-infinity') AND x."timestamp" < coalesce(p_to, 'infinity')
        ORDER BY x."timestamp";
        RETURN;
    END IF;
    SELECT min(b.bar_seq), max(b.bar_seq) INTO v_first, v_last FROM bars AS b
    WHERE
        b.id = p_id AND b.tf = p_tf
        AND b.time_close >= coalesce(p_from, '-infinity') AND b.time_open < coalesce(p_to, 'infinity');
    RETURN QUERY
    SELECT
        v.id, v.tf, v.tf_days, v.bar_seq, v.bar_anchor_offset, v.time_open, v.time_close, v.time_high,
        v.time_low, v.open, v.high, v.low, v.close, v.volume, v.market_cap, v."timestamp",
        v.last_ts_half_open, v.pos_in_bar, v.is_partial_start, v.is_partial_end, v.count_days,
        v.count_days_remaining, v.is_missing_days, v.count_missing_days, v.count_missing_days_start,
        v.count_missing_days_end, v.count_missing_days_interior, v.missing_days_where, v.first_missing_day,
        v.last_missing_day
    FROM bar_snapshot_rows AS v
    WHERE
        v.id = p_id AND v.tf = p_tf AND v.bar_seq BETWEEN v_first AND v_last
        AND v."timestamp" >= coalesce(p_from, '-infinity') AND v."timestamp" < coalesce(p_to, 'infinity')
    ORDER BY v."timestamp";
END;
$$;
