-- take_one_day: bring an asset up to date that takes one more day and nothing else, as the case of one of
--   refresh_day_of_many.
--   p_id   asset id
--   p_lookback_days, p_keep_rejects   as in refresh_emas
-- Returns   a row per variant as refresh_emas. No row: the asset is as it was, and another case.
-- Errors    TA004 bad look-back. What is wrong with the day or the data is told by the calls that follow.
-- Locks     the asset's row in cmc_price_bars_1d_state, if nobody holds it.
-- Cost      three index probes where no day after the newest validated one is noted; else
--           refresh_day_of_many.
-- Rule      not where the tables are partitioned: a statement about a list, of one asset too, opens all
--           partitions.
CREATE OR REPLACE FUNCTION take_one_day(p_id int, p_lookback_days int, p_keep_rejects boolean)
RETURNS TABLE (
    id int, variant text, action text, dirty_from timestamptz, series int, vectors_written int,
    elapsed interval
)
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
DECLARE
    v_noted timestamptz;
    v_last timestamptz;
BEGIN
    SELECT min(c.dirty_from) INTO v_noted FROM raw_changes AS c WHERE c.id = p_id;
    IF v_noted IS NULL OR is_cluster() THEN
        RETURN;
    END IF;
    SELECT d."timestamp" INTO v_last FROM cmc_price_bars_1d AS d
    WHERE d.id = p_id ORDER BY d.bar_seq DESC LIMIT 1;
    IF v_noted <= v_last
        OR EXISTS (SELECT 1 FROM pg_partitioned_table AS t WHERE t.partrelid = 'bars'::regclass)
    THEN
        RETURN;
    END IF;
    RETURN QUERY
    SELECT d.id, d.family, d.action, d.dirty_from, d.series, d.written, d.elapsed
    FROM refresh_day_of_many(ARRAY[p_id], p_lookback_days, p_keep_rejects) AS d
    WHERE d.stage = 'emas';
EXCEPTION
    WHEN numeric_value_out_of_range OR serialization_failure OR SQLSTATE 'TA030' THEN
        RETURN;
END;
$$;
