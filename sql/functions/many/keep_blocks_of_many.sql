-- keep_blocks_of_many: keep what reads need at the beginning of a block, for assets whose newest day begins
--   one or lies two days before.
--   p_days    how their days stood before the new one (days_of_many_due)
-- Returns   nothing.
-- Errors    none.   Cost  nothing on most days; else that of keep_bar_blocks and keep_block_vectors.
-- Rule      as append_bar_groups and append_emas.
CREATE OR REPLACE FUNCTION keep_blocks_of_many(p_days day_facts[])
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $$
DECLARE
    v_days day_facts;
    v_tfs text[];
BEGIN
    FOREACH v_days IN ARRAY p_days LOOP
        CONTINUE WHEN
            block_of_row(v_days.n_rows + 1) = block_of_row(v_days.n_rows)
            AND v_days.n_rows + 1 <> row_before_block(block_of_row(v_days.n_rows + 4));
        SELECT array_agg(t.tf) INTO v_tfs
        FROM bars_state AS s CROSS JOIN LATERAL unnest(s.tfs) AS t (tf) WHERE s.id = v_days.id;
        IF block_of_row(v_days.n_rows + 1) > block_of_row(v_days.n_rows) THEN
            PERFORM keep_bar_blocks(
                v_days.id, v_tfs, array_fill(v_days.n_rows + 1, ARRAY[cardinality(v_tfs)]));
        ELSE
            PERFORM keep_block_vectors(v_days.id, v_tfs, block_of_row(v_days.n_rows + 4));
        END IF;
    END LOOP;
END;
$$;
