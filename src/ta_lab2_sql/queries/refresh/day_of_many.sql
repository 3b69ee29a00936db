-- One more day of some assets: one call, one transaction. Rows as of calls for each; none for what needs
-- more.
SELECT * FROM refresh_day_of_many(
    p_ids => %(ids)s::int[], p_lookback_days => %(lookback_days)s::int, p_keep_rejects => %(keep_rejects)s,
    p_stage => %(stage)s)
