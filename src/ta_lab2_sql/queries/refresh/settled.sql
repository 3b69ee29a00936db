-- The assets that need no call.
SELECT settled_assets(
    NULL, %(families)s::text[], %(variants)s::text[], NULL, %(lookback_days)s::int, %(keep_rejects)s)
