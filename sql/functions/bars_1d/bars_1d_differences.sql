-- bars_1d_differences: where the raw rows of one asset in a range, validated, differ from what is stored.
--   p_id, p_from, p_to   as in raw_days_of
--   p_keep_rejects  whether bad rows are expected among the rejects
-- Returns   one row per day looked at: n (1 when its raw row exists), differs_at (its "timestamp", NULL:
--           equal).
-- Errors    none.   Cost  index ranges of three tables.
-- Rule      that of bars_1d_differing, whose rows they are; each table is read by itself, as a cluster keeps
--           the plans of. The look-back serves sources that change rows behind the triggers; equal rows write
--           nothing.
CREATE OR REPLACE FUNCTION bars_1d_differences(
    p_id int, p_from timestamptz, p_to timestamptz, p_keep_rejects boolean)
RETURNS TABLE (n int, differs_at timestamptz)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
-- Planning it costs more than running it.
SET plan_cache_mode = force_generic_plan
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH loaded AS MATERIALIZED (SELECT * FROM candidates_of(p_id, p_from, p_to)),
    days AS MATERIALIZED (SELECT * FROM stored_days_of(p_id, p_from, p_to)),
    rejects AS MATERIALIZED (SELECT * FROM stored_rejects_of(p_id, p_from, p_to))
    SELECT
        1,
        CASE
            WHEN (c.reason IS NULL) <> (d."timestamp" IS NOT NULL) THEN c."timestamp"
            WHEN d."timestamp" IS NOT NULL AND record_image_ne(ROW(
                c.time_open, c.time_close, c.time_high, c.time_low, c.open, c.high, c.low, c.close, c.volume,
                c.market_cap, c.repaired_timehigh, c.repaired_timelow, c.src_name, c.src_file, c.src_load_ts,
                c.local_day
            ), ROW(
                d.time_open, d.time_close, d.time_high, d.time_low, d.open, d.high, d.low, d.close, d.volume,
                d.market_cap, d.repaired_timehigh, d.repaired_timelow, d.src_name, d.src_file, d.src_load_ts,
                d.local_day
            )) THEN c."timestamp"
            WHEN r."timestamp" IS NULL
                THEN CASE WHEN p_keep_rejects AND c.reason IS NOT NULL THEN c."timestamp" END
            WHEN record_image_ne(ROW(
                c.reason, c.time_open, c.time_close, c.raw_time_high, c.raw_time_low, c.raw_open, c.raw_high,
                c.raw_low, c.raw_close, c.raw_volume, c.raw_market_cap, c.src_name, c.src_file, c.src_load_ts,
                c.local_day
            ), ROW(
                r.reason, r.time_open, r.time_close, r.time_high, r.time_low, r.open, r.high, r.low, r.close,
                r.volume, r.market_cap, r.src_name, r.src_file, r.src_load_ts, r.local_day
            )) THEN c."timestamp"
        END
    FROM loaded AS c
    LEFT JOIN days AS d ON d."timestamp" = c."timestamp"
    LEFT JOIN rejects AS r ON r."timestamp" = c."timestamp"
    UNION ALL
    SELECT 0, s."timestamp"
    FROM (SELECT d."timestamp" FROM days AS d UNION ALL SELECT r."timestamp" FROM rejects AS r) AS s
    WHERE NOT EXISTS (SELECT 1 FROM loaded AS c WHERE c."timestamp" = s."timestamp");
END;
$$;
