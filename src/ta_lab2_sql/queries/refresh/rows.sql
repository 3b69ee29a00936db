-- The rows of work of a request.
refresh_plan(
    p_ids => %(ids)s::int[],
    p_stage => %(what)s,
    p_families => %(families)s::text[],
    p_variants => %(variants)s::text[],
    p_full => %(full)s,
    p_tz => %(tz)s,
    p_lookback_days => %(lookback_days)s::int,
    p_tfs => %(tfs)s::text[],
    p_periods => %(periods)s::int[],
    p_time_min => %(time_min)s::timestamptz,
    p_time_max => %(time_max)s::timestamptz,
    p_keep_rejects => %(keep_rejects)s,
    p_include_non_canonical => %(include_non_canonical)s)
