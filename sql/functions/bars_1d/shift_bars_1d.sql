-- shift_bars_1d: renumber the validated days of an asset from a moment on.
--   p_id    asset id
--   p_from  the first "timestamp" to renumber
--   p_by    what is added to each number
-- Returns   shifted: days renumbered; first_shifted: "timestamp" of the first of them.
-- Errors    none.   Cost  the days from p_from on are written.
-- Rule      days after a bounded range keep their content but take the numbers that follow it.
CREATE OR REPLACE FUNCTION shift_bars_1d(
    p_id int, p_from timestamptz, p_by int, OUT shifted int, OUT first_shifted timestamptz)
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
DECLARE
    v_now timestamptz := now();
BEGIN
    WITH moved AS (
        UPDATE cmc_price_bars_1d AS d SET bar_seq = d.bar_seq + p_by, ingested_at = v_now
        WHERE d.id = p_id AND d."timestamp" >= p_from
        RETURNING d."timestamp"
    )
    SELECT count(*), min(m."timestamp") INTO shifted, first_shifted FROM moved AS m;
END;
$$;
