-- record_days: write down how far the validated days of one asset have come.
--   p_id         asset id
--   p_to         raw rows before it were examined (NULL: all)
--   p_last_src_ts  the newest raw row that was examined before (NULL: none)
--   p_newest_src_ts  the newest raw row that is examined now (NULL: not known)
--   p_changed    whether anything was done
--   p_written, p_rejected, p_repaired_timehigh, p_repaired_timelow  days written, refused and repaired
-- Returns   nothing.
-- Errors    none.   Cost  two probes of the raw days.
-- Rule      an asset without raw days has no state; a run that changed nothing writes nothing.
CREATE OR REPLACE FUNCTION record_days(
    p_id int, p_to timestamptz, p_last_src_ts timestamptz, p_newest_src_ts timestamptz, p_changed boolean,
    p_written int, p_rejected int, p_repaired_timehigh int, p_repaired_timelow int)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $$
DECLARE
    v_now timestamptz := now();
    v_last_src timestamptz := p_newest_src_ts;
BEGIN
    IF v_last_src IS NULL THEN
        SELECT max(h."timestamp") INTO v_last_src FROM cmc_price_histories7 AS h
        WHERE h.id = p_id AND (p_to IS NULL OR h."timestamp" < p_to OR h."timestamp" <= p_last_src_ts);
    END IF;
    IF v_last_src IS NULL THEN
        PERFORM 1 FROM cmc_price_histories7 AS h WHERE h.id = p_id LIMIT 1;
        IF NOT FOUND THEN
            DELETE FROM cmc_price_bars_1d_state AS s WHERE s.id = p_id;
            RETURN;
        END IF;
    END IF;
    IF p_changed OR v_last_src IS DISTINCT FROM p_last_src_ts THEN
        UPDATE cmc_price_bars_1d_state AS s SET
            last_src_ts = v_last_src,
            last_run_ts = v_now,
            last_upserted = p_written,
            last_repaired_timehigh = p_repaired_timehigh,
            last_repaired_timelow = p_repaired_timelow,
            last_rejected = p_rejected
        WHERE s.id = p_id;
    END IF;
END;
$$;
