-- audit_bars_1d_rows: what a validated day must be by itself.
--   p_id   asset id
-- Returns   findings: bars_1d_ohlc, bars_1d_times, bars_1d_flags (error), price_not_positive,
--           volume_negative, stamp_far_from_close (warning), repaired_days (info).
-- Errors    none.   Cost  one pass over the validated days.
-- Rule      low is the least, high the greatest of a day's prices; its extremes lie between its opening and
--           its close, and its stamp is not before the close.
CREATE OR REPLACE FUNCTION audit_bars_1d_rows(p_id int)
RETURNS SETOF finding
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
DECLARE
    v_accepted jsonb := accepted_days(p_id);
    v_days bigint;
BEGIN
    SELECT count(*) INTO v_days FROM cmc_price_bars_1d AS d WHERE d.id = p_id;
    RETURN QUERY
    SELECT
        v.name, v.severity, p_id, '1D', NULL::int, min(d."timestamp"),
        CASE v.name
            WHEN 'repaired_days' THEN jsonb_build_object(
                'n_timehigh', count(*) FILTER (WHERE d.repaired_timehigh),
                'n_timelow', count(*) FILTER (WHERE d.repaired_timelow),
                'share', count(*)::float8 / v_days)
            ELSE jsonb_build_object('n', count(*))
        END
    FROM stored_days(p_id) AS d
    CROSS JOIN LATERAL (VALUES
        ('bars_1d_ohlc', 'error', (d.low <= least(d.open, d.close) AND greatest(d.open, d.close) <= d.high
            AND d.low > '-infinity' AND d.high < 'infinity') IS NOT TRUE),
        ('bars_1d_times', 'error', (d.time_open <= least(d.time_high, d.time_low)
            AND greatest(d.time_high, d.time_low) <= d.time_close
            AND d.time_close <= d."timestamp") IS NOT TRUE),
        ('bars_1d_flags', 'error',
            d.tf <> '1D' OR d.is_partial_start OR d.is_partial_end OR d.is_missing_days),
        ('price_not_positive', 'warning', least(d.open, d.high, d.low, d.close) <= 0),
        ('volume_negative', 'warning', d.volume < 0),
        ('stamp_far_from_close', 'warning', d."timestamp" - d.time_close > interval '24 hours'),
        ('repaired_days', 'info', d.repaired_timehigh OR d.repaired_timelow)
    ) AS v (name, severity, is_bad)
    WHERE v.is_bad AND is_told(v_accepted, v.name, v.severity, d.day)
    GROUP BY v.name, v.severity;
END;
$$;
