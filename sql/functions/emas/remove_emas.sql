-- remove_emas: delete the vectors of some timeframes of a group.
--   p_id, p_ema_group   asset, name as in emas_state.ema_group
--   p_tfs               timeframes
-- Returns   the number of vectors deleted.
-- Errors    none.   Cost  the rows deleted.
-- Rule      a row that serves two groups, each in a space of its own, goes with the last of them.
CREATE OR REPLACE FUNCTION remove_emas(p_id int, p_ema_group text, p_tfs text[])
RETURNS int
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $$
DECLARE
    v_removed int;
    v_bar boolean;
    v_day boolean;
BEGIN
    SELECT bool_or(x.in_bar_space), bool_or(x.in_day_space) INTO v_bar, v_day
    FROM taxonomy() AS x WHERE x.ema_group = p_ema_group;
    IF EXISTS (
        SELECT 1 FROM emas AS e
        WHERE e.id = p_id AND e.tf = ANY(p_tfs)
            AND ((NOT v_bar AND e.bar_space IS NOT NULL) OR (NOT v_day AND e.day_space IS NOT NULL)))
    THEN
        WITH emptied AS (
            UPDATE emas AS e SET
                bar_space = CASE WHEN v_bar THEN NULL ELSE e.bar_space END,
                day_space = CASE WHEN v_day THEN NULL ELSE e.day_space END
            WHERE
                e.id = p_id AND e.tf = ANY(p_tfs)
                AND ((v_bar AND e.bar_space IS NOT NULL) OR (v_day AND e.day_space IS NOT NULL))
            RETURNING e.tf
        )
        SELECT count(*) INTO v_removed FROM emptied;
    ELSE
        WITH gone AS (DELETE FROM emas AS e WHERE e.id = p_id AND e.tf = ANY(p_tfs) RETURNING e.tf)
        SELECT count(*) INTO v_removed FROM gone;
        v_day := true;
    END IF;
    IF v_day THEN
        DELETE FROM emas_at_blocks AS k WHERE k.id = p_id AND k.tf = ANY(p_tfs);
    END IF;
    RETURN v_removed;
END;
$$;
