-- Days and bars of one asset: one call, one transaction. A row per family.
SELECT
    family, action, dirty_from, bars_written AS written, bars_deleted AS deleted, days_read, rejected,
    repaired_timehigh, repaired_timelow, elapsed
FROM refresh_bars(
    p_id => %(id)s,
    p_family => %(family)s,
    p_full => %(full)s,
    p_tz => %(tz)s,
    p_lookback_days => %(lookback_days)s::int,
    p_tfs => %(tfs)s::text[],
    p_time_min => %(time_min)s::timestamptz,
    p_time_max => %(time_max)s::timestamptz,
    p_keep_rejects => %(keep_rejects)s,
    p_include_non_canonical => %(include_non_canonical)s)
