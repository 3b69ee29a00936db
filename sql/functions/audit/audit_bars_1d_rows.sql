-- audit_bars_1d_rows: what a validated day must be by itself.
--   p_ids   asset ids; NULL: all
-- Returns   findings: bars_1d_ohlc, bars_1d_times, bars_1d_flags (error), price_not_positive,
--           volume_negative, stamp_far_from_close (warning), repaired_days (info).
-- Errors    none.   Cost  one pass over the validated days.
-- Rule      low is the least, high the greatest of a day's prices; its extremes lie between its opening and
--           its close, and its stamp is not before the close.
CREATE OR REPLACE FUNCTION audit_bars_1d_rows(p_ids int[] DEFAULT NULL)
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
        CROSS JOIN LATERAL audit_bars_1d_rows(ARRAY[a.id]) AS f;
        RETURN;
    END IF;
    RETURN QUERY
    SELECT
        f.name, f.severity, g.id, '1D', NULL::int, f.first_ts,
        CASE f.name
            WHEN 'repaired_days' THEN jsonb_build_object(
                'n_timehigh', g.n_timehigh, 'n_timelow', g.n_timelow, 'share', f.n::float8 / g.n)
            ELSE jsonb_build_object('n', f.n)
        END
    FROM (
        SELECT
            v.id, count(*) AS n,
            count(*) FILTER (WHERE v.repaired_timehigh) AS n_timehigh,
            count(*) FILTER (WHERE v.repaired_timelow) AS n_timelow,
            count(*) FILTER (WHERE v.bad_ohlc) AS n_ohlc, min(v.ts) FILTER (WHERE v.bad_ohlc) AS ts_ohlc,
            count(*) FILTER (WHERE v.bad_times) AS n_times, min(v.ts) FILTER (WHERE v.bad_times) AS ts_times,
            count(*) FILTER (WHERE v.bad_flags) AS n_flags, min(v.ts) FILTER (WHERE v.bad_flags) AS ts_flags,
            count(*) FILTER (WHERE v.not_positive) AS n_price,
                min(v.ts) FILTER (WHERE v.not_positive) AS ts_price,
            count(*) FILTER (WHERE v.volume < 0) AS n_volume,
                min(v.ts) FILTER (WHERE v.volume < 0) AS ts_volume,
            count(*) FILTER (WHERE v.far_stamp) AS n_stamp, min(v.ts) FILTER (WHERE v.far_stamp) AS ts_stamp,
            count(*) FILTER (WHERE v.repaired) AS n_repaired,
                min(v.ts) FILTER (WHERE v.repaired) AS ts_repaired
        FROM (
            SELECT
                d.id, d."timestamp" AS ts, d.volume, d.repaired_timehigh, d.repaired_timelow,
                (d.low <= least(d.open, d.close) AND greatest(d.open, d.close) <= d.high
                    AND d.low > '-infinity' AND d.high < 'infinity') IS NOT TRUE AS bad_ohlc,
                (d.time_open <= d.time_high AND d.time_open <= d.time_low AND d.time_high <= d.time_close
                    AND d.time_low <= d.time_close AND d.time_close <= d."timestamp") IS NOT TRUE
                        AS bad_times,
                d.tf <> '1D' OR d.is_partial_start OR d.is_partial_end OR d.is_missing_days AS bad_flags,
                least(d.open, d.high, d.low, d.close) <= 0 AS not_positive,
                d."timestamp" - d.time_close > interval '24 hours' AS far_stamp,
                d.repaired_timehigh OR d.repaired_timelow AS repaired
            FROM cmc_price_bars_1d AS d
            WHERE p_ids IS NULL OR d.id = ANY(p_ids)
        ) AS v
        GROUP BY v.id
    ) AS g
    CROSS JOIN LATERAL (VALUES
        ('bars_1d_ohlc', 'error', g.n_ohlc, g.ts_ohlc),
        ('bars_1d_times', 'error', g.n_times, g.ts_times),
        ('bars_1d_flags', 'error', g.n_flags, g.ts_flags),
        ('price_not_positive', 'warning', g.n_price, g.ts_price),
        ('volume_negative', 'warning', g.n_volume, g.ts_volume),
        ('stamp_far_from_close', 'warning', g.n_stamp, g.ts_stamp),
        ('repaired_days', 'info', g.n_repaired, g.ts_repaired)
    ) AS f (name, severity, n, first_ts)
    WHERE f.n > 0;
END;
$$;
