-- EMAs of one asset: one call, one transaction. A row per variant.
SELECT variant AS family, action, dirty_from, vectors_written AS written, series, elapsed
FROM refresh_emas(
    p_id => %(id)s,
    p_variant => %(family)s,
    p_full => %(full)s,
    p_periods => %(periods)s::int[],
    p_tfs => %(tfs)s::text[],
    p_upstream => %(upstream)s,
    p_tz => %(tz)s,
    p_lookback_days => %(lookback_days)s::int,
    p_keep_rejects => %(keep_rejects)s,
    p_include_non_canonical => %(include_non_canonical)s)
