-- remove_emas: delete the vectors of some timeframes of a variant.
--   p_id, p_variant   asset, name as in emas_state.variant
--   p_tfs             timeframes
-- Returns   the number of vectors deleted.
-- Errors    none.   Cost  the rows deleted.
-- Rule      a row that serves two variants goes with the last of them.
CREATE OR REPLACE FUNCTION remove_emas(p_id int, p_variant text, p_tfs text[])
RETURNS int
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $$
DECLARE
    v_removed int;
BEGIN
    IF p_variant = 'multi_tf' AND EXISTS (
        SELECT 1 FROM emas AS e WHERE e.id = p_id AND e.tf = ANY(p_tfs) AND e.day_space IS NOT NULL)
    THEN
        WITH emptied AS (
            UPDATE emas AS e SET bar_space = NULL
            WHERE e.id = p_id AND e.tf = ANY(p_tfs) AND e.bar_space IS NOT NULL
            RETURNING e.tf
        )
        SELECT count(*) INTO v_removed FROM emptied;
        RETURN v_removed;
    END IF;
    IF p_variant = 'multi_tf_v2' AND EXISTS (
        SELECT 1 FROM emas AS e WHERE e.id = p_id AND e.tf = ANY(p_tfs) AND e.bar_space IS NOT NULL)
    THEN
        WITH emptied AS (
            UPDATE emas AS e SET day_space = NULL
            WHERE e.id = p_id AND e.tf = ANY(p_tfs) AND e.day_space IS NOT NULL
            RETURNING e.tf
        )
        SELECT count(*) INTO v_removed FROM emptied;
    ELSE
        WITH gone AS (DELETE FROM emas AS e WHERE e.id = p_id AND e.tf = ANY(p_tfs) RETURNING e.tf)
        SELECT count(*) INTO v_removed FROM gone;
    END IF;
    DELETE FROM emas_at_blocks AS k WHERE k.id = p_id AND k.tf = ANY(p_tfs);
    RETURN v_removed;
END;
$$;
