-- audit_bars_1d_source: do the validated days follow from the raw days?
--   p_ids   asset ids; NULL: all
-- Returns   findings: bars_1d_differs_from_raw (error; n days, of them missing, surplus, changed in which
--           columns).
-- Errors    none.   Cost  one pass over the raw and the validated days.
-- Rule      bit for bit; src_load_ts is left out, because a load that changes nothing else is no change. Days
--           from the earliest change not yet processed on are not judged.
CREATE OR REPLACE FUNCTION audit_bars_1d_source(p_ids int[] DEFAULT NULL)
RETURNS TABLE ("check" text, severity text, id int, tf text, period int, ts timestamptz, detail jsonb)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
SET jit = off
SET plan_cache_mode = force_custom_plan
AS $$
#variable_conflict use_column
BEGIN
    IF goes_one_by_one(p_ids) THEN
        RETURN QUERY
        SELECT f.* FROM unnest(coalesce(p_ids, ARRAY(SELECT k.id FROM asset_ids() AS k (id)))) AS a (id)
        CROSS JOIN LATERAL audit_bars_1d_source(ARRAY[a.id]) AS f;
        RETURN;
    END IF;
    RETURN QUERY
    WITH differing AS (
        SELECT
            id, "timestamp",
            d.bar_seq IS NULL AS is_missing,
            c.is_candidate IS NULL AS is_surplus,
            CASE WHEN d.bar_seq IS NOT NULL AND c.is_candidate THEN array_remove(ARRAY[
                CASE WHEN c.time_open <> d.time_open THEN 'time_open' END,
                CASE WHEN c.time_close <> d.time_close THEN 'time_close' END,
                CASE WHEN c.time_high <> d.time_high THEN 'time_high' END,
                CASE WHEN c.time_low <> d.time_low THEN 'time_low' END,
                CASE WHEN record_image_ne(ROW(c.open), ROW(d.open)) THEN 'open' END,
                CASE WHEN record_image_ne(ROW(c.high), ROW(d.high)) THEN 'high' END,
                CASE WHEN record_image_ne(ROW(c.low), ROW(d.low)) THEN 'low' END,
                CASE WHEN record_image_ne(ROW(c.close), ROW(d.close)) THEN 'close' END,
                CASE WHEN record_image_ne(ROW(c.volume), ROW(d.volume)) THEN 'volume' END,
                CASE WHEN record_image_ne(ROW(c.market_cap), ROW(d.market_cap)) THEN 'market_cap' END,
                CASE WHEN c.repaired_timehigh <> d.repaired_timehigh THEN 'repaired_timehigh' END,
                CASE WHEN c.repaired_timelow <> d.repaired_timelow THEN 'repaired_timelow' END,
                CASE WHEN c.src_name IS DISTINCT FROM d.src_name THEN 'src_name' END,
                CASE WHEN c.src_file IS DISTINCT FROM d.src_file THEN 'src_file' END
            ], NULL) END AS columns
        FROM (
            SELECT x.*, true AS is_candidate FROM bars_1d_candidates AS x
            WHERE (p_ids IS NULL OR x.id = ANY(p_ids)) AND x.reason IS NULL
        ) AS c
        FULL JOIN (
            SELECT x.* FROM cmc_price_bars_1d AS x WHERE p_ids IS NULL OR x.id = ANY(p_ids)
        ) AS d USING (id, "timestamp")
        LEFT JOIN (
            SELECT r.id, min(r.dirty_from) AS since FROM raw_changes AS r
            WHERE (p_ids IS NULL OR r.id = ANY(p_ids))
            GROUP BY r.id
        ) AS p USING (id)
        WHERE
            (p.since IS NULL OR "timestamp" < p.since)
            AND (d.bar_seq IS NULL OR c.is_candidate IS NULL OR record_image_ne(ROW(
                c.time_open, c.time_close, c.time_high, c.time_low, c.open, c.high, c.low, c.close, c.volume,
                c.market_cap, c.repaired_timehigh, c.repaired_timelow, c.src_name, c.src_file
            ), ROW(
                d.time_open, d.time_close, d.time_high, d.time_low, d.open, d.high, d.low, d.close, d.volume,
                d.market_cap, d.repaired_timehigh, d.repaired_timelow, d.src_name, d.src_file
            )))
    )
    SELECT
        'bars_1d_differs_from_raw', 'error', f.id, '1D', NULL::int, min(f."timestamp"),
        jsonb_build_object(
            'n', count(*),
            'n_missing', count(*) FILTER (WHERE f.is_missing),
            'n_surplus', count(*) FILTER (WHERE f.is_surplus),
            'n_changed', count(*) FILTER (WHERE f.columns IS NOT NULL),
            'columns', (
                SELECT coalesce(jsonb_agg(DISTINCT u.name), '[]') FROM differing AS g
                CROSS JOIN LATERAL unnest(g.columns) AS u (name)
                WHERE g.id = f.id))
    FROM differing AS f
    GROUP BY f.id;
END;
$$;
