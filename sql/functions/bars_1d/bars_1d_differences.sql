-- bars_1d_differences: where the raw rows after a moment, validated, differ from what is stored.
--   p_id            asset id
--   p_after         look at "timestamp" > p_after only
--   p_time_min, p_time_max  and at p_time_min <= "timestamp" < p_time_max (NULL: open)
--   p_keep_rejects  whether bad rows are expected among the rejects
-- Returns   one row per day looked at: n (1 when its raw row exists), differs_at (its "timestamp", NULL:
--           equal).
-- Errors    none.   Cost  index ranges of three tables.
-- Rule      the look-back serves sources that change rows behind the triggers; equal rows write nothing.
CREATE OR REPLACE FUNCTION bars_1d_differences(
    p_id int, p_after timestamptz, p_time_min timestamptz, p_time_max timestamptz, p_keep_rejects boolean)
RETURNS TABLE (n int, differs_at timestamptz)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT
        (c.id IS NOT NULL)::int,
        CASE WHEN
            (c.reason IS NULL AND c.id IS NOT NULL) <> (d.id IS NOT NULL)
            OR (d.id IS NOT NULL AND record_image_ne(ROW(
                c.time_open, c.time_close, c.time_high, c.time_low, c.open, c.high, c.low, c.close, c.volume,
                c.market_cap, c.repaired_timehigh, c.repaired_timelow, c.src_name, c.src_file, c.src_load_ts
            ), ROW(
                d.time_open, d.time_close, d.time_high, d.time_low, d.open, d.high, d.low, d.close, d.volume,
                d.market_cap, d.repaired_timehigh, d.repaired_timelow, d.src_name, d.src_file, d.src_load_ts
            )))
            OR (r.id IS NOT NULL AND r.reason IS DISTINCT FROM c.reason)
            OR (p_keep_rejects AND c.reason IS NOT NULL AND r.id IS NULL)
            OR (r.id IS NOT NULL AND record_image_ne(ROW(
                c.time_open, c.time_close, c.raw_time_high, c.raw_time_low, c.raw_open, c.raw_high, c.raw_low,
                c.raw_close, c.raw_volume, c.raw_market_cap, c.src_name, c.src_file, c.src_load_ts
            ), ROW(
                r.time_open, r.time_close, r.time_high, r.time_low, r.open, r.high, r.low, r.close, r.volume,
                r.market_cap, r.src_name, r.src_file, r.src_load_ts
            )))
            THEN "timestamp"
        END
    FROM (
        SELECT * FROM bars_1d_candidates AS x
        WHERE
            x.id = p_id AND x."timestamp" > p_after
            AND (p_time_min IS NULL OR x."timestamp" >= p_time_min)
            AND (p_time_max IS NULL OR x."timestamp" < p_time_max)
    ) AS c
    FULL JOIN (
        SELECT * FROM cmc_price_bars_1d AS x
        WHERE
            x.id = p_id AND x."timestamp" > p_after
            AND (p_time_min IS NULL OR x."timestamp" >= p_time_min)
            AND (p_time_max IS NULL OR x."timestamp" < p_time_max)
    ) AS d USING ("timestamp")
    FULL JOIN (
        SELECT * FROM cmc_price_bars_1d_rejects AS x
        WHERE
            x.id = p_id AND x."timestamp" > p_after
            AND (p_time_min IS NULL OR x."timestamp" >= p_time_min)
            AND (p_time_max IS NULL OR x."timestamp" < p_time_max)
    ) AS r USING ("timestamp");
END;
$$;
