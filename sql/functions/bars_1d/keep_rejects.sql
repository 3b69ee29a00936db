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
    v_stamps timestamptz[];
    v_reasons text[];
    v_gone timestamptz[];
    v_gone_reasons text[];
    v_first_missing timestamptz;
BEGIN
    SELECT array_agg(c."timestamp"), array_agg(c.reason), count(*) INTO v_stamps, v_reasons, rejected
    FROM candidates_of(p_id, p_from, p_to) AS c WHERE c.reason IS NOT NULL;
    SELECT array_agg(r."timestamp"), array_agg(r.reason) INTO v_gone, v_gone_reasons
    FROM stored_rejects_of(p_id, p_from, p_to) AS r
    WHERE NOT EXISTS (
        SELECT 1 FROM unnest(v_stamps, v_reasons) AS c (stamp, reason)
        WHERE c.stamp = r."timestamp" AND c.reason = r.reason);
    changed := coalesce(cardinality(v_gone), 0);
    IF changed > 0 THEN
        DELETE FROM cmc_price_bars_1d_rejects AS r
        USING unnest(v_gone, v_gone_reasons) AS g (stamp, reason)
        WHERE r.id = p_id AND r."timestamp" = g.stamp AND r.reason = g.reason;
    END IF;
    left_out_from := p_left_out_from;
    IF p_keep THEN
        IF rejected > 0 THEN
            changed := changed + store_rejects(p_id, p_from, p_to);
        END IF;
        IF p_from <= p_left_out_from THEN
            left_out_from := CASE WHEN p_to IS NOT NULL THEN greatest(p_left_out_from, p_to) END;
        END IF;
    ELSIF rejected > 0 THEN
        SELECT min(c.stamp) INTO v_first_missing FROM unnest(v_stamps) AS c (stamp)
        WHERE NOT EXISTS (
            SELECT 1 FROM stored_rejects_of(p_id, p_from, p_to) AS r WHERE r."timestamp" = c.stamp);
        left_out_from := least(p_left_out_from, v_first_missing);
    END IF;
END;
$$;
