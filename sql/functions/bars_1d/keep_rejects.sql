-- keep_rejects: bring the rejects of one asset in a range of its raw days up to date.
--   p_id        asset id
--   p_from, p_to  raw rows with p_from <= "timestamp" < p_to (p_to NULL: open)
--   p_keep      write bad rows; false: only drop rejects of rows that are good now or bad otherwise
--   p_left_out_from  from where on bad rows may be missing among the rejects, because a run was told so
-- Returns   rejected: bad rows in the range; changed: rejects written or dropped; left_out_from: as
--           p_left_out_from, after this.
-- Errors    none.   Cost  the rows in the range.
-- Rule      a bad row becomes a reject with what was loaded and why; equal ones aren't written.
CREATE OR REPLACE FUNCTION keep_rejects(
    p_id int, p_from timestamptz, p_to timestamptz, p_keep boolean, p_left_out_from timestamptz,
    OUT rejected int, OUT changed int, OUT left_out_from timestamptz)
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
DECLARE
    v_first_missing timestamptz;
BEGIN
    WITH gone AS (
        DELETE FROM cmc_price_bars_1d_rejects AS r
        WHERE
            r.id = p_id AND r."timestamp" >= p_from AND (p_to IS NULL OR r."timestamp" < p_to)
            AND (
                SELECT c.reason FROM bars_1d_candidates AS c
                WHERE c.id = p_id AND c."timestamp" = r."timestamp") IS DISTINCT FROM r.reason
        RETURNING r.id
    )
    SELECT count(*) INTO changed FROM gone;
    SELECT count(*) INTO rejected FROM bars_1d_candidates AS c
    WHERE
        c.id = p_id AND c."timestamp" >= p_from AND (p_to IS NULL OR c."timestamp" < p_to)
        AND c.reason IS NOT NULL;
    left_out_from := p_left_out_from;
    IF p_keep THEN
        IF rejected > 0 THEN
            changed := changed + store_rejects(p_id, p_from, p_to);
        END IF;
        IF p_from <= p_left_out_from THEN
            left_out_from := CASE WHEN p_to IS NOT NULL THEN greatest(p_left_out_from, p_to) END;
        END IF;
    ELSIF rejected > 0 THEN
        SELECT min(c."timestamp") INTO v_first_missing FROM bars_1d_candidates AS c
        WHERE
            c.id = p_id AND c."timestamp" >= p_from AND (p_to IS NULL OR c."timestamp" < p_to)
            AND c.reason IS NOT NULL
            AND NOT EXISTS (
                SELECT 1 FROM cmc_price_bars_1d_rejects AS r
                WHERE r.id = p_id AND r."timestamp" = c."timestamp");
        left_out_from := least(p_left_out_from, v_first_missing);
    END IF;
END;
$$;
