-- Refuse what names nothing or contradicts itself, without a look at any asset.
SELECT check_plan(
    NULL, %(what)s, %(families)s::text[], %(variants)s::text[], %(lookback_days)s::int, %(tfs)s::text[],
    %(periods)s::int[], %(time_min)s::timestamptz, %(time_max)s::timestamptz)
