-- changes_of_days: from which raw day on something may differ from the validated days of one asset.
--   p_id             asset id
--   p_last_src_ts    the newest raw row that was examined
--   p_lookback_days  also compare this many times 24 hours before the newest raw row; 0: don't
--   p_time_min, p_time_max  compare p_time_min <= "timestamp" < p_time_max only (NULL: open)
--   p_keep_rejects   whether bad rows are expected among the rejects
-- Returns   noted: the earliest note; differs_from: the first difference that the look-back finds; back_from:
--           after which moment it looked; days_read: the rows that it read. NULL: none.
-- Errors    none.   Cost  a look at the notes, and the look-back.
-- Rule      notes say what changed; the look-back serves sources that change rows behind the triggers.
CREATE OR REPLACE FUNCTION changes_of_days(
    p_id int, p_last_src_ts timestamptz, p_lookback_days int, p_time_min timestamptz, p_time_max timestamptz,
    p_keep_rejects boolean,
    OUT noted timestamptz, OUT differs_from timestamptz, OUT back_from timestamptz, OUT days_read int)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
DECLARE
    v_last_finite timestamptz;
BEGIN
    SELECT min(c.dirty_from) INTO noted FROM raw_changes AS c WHERE c.id = p_id;
    days_read := 0;
    IF p_lookback_days > 0 THEN
        SELECT max(h."timestamp") INTO v_last_finite FROM cmc_price_histories7 AS h
        WHERE h.id = p_id AND h."timestamp" <= p_last_src_ts AND h."timestamp" < 'infinity';
        back_from := v_last_finite - make_interval(hours => 24 * p_lookback_days);
        SELECT min(d.differs_at), coalesce(sum(d.n), 0)::int INTO differs_from, days_read
        -- After the moment: those are of whole microseconds.
        FROM bars_1d_differences(
            p_id,
            CASE WHEN back_from IS NOT NULL THEN
                greatest(back_from + interval '1 microsecond', p_time_min) END,
            p_time_max, p_keep_rejects) AS d;
    END IF;
END;
$$;
