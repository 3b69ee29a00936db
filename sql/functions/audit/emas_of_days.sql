-- emas_of_days: the EMA vectors of some timeframes of an asset, built from nothing, and not stored.
--   p_id        asset id
--   p_periods   all periods, ascending
--   p_tfs       timeframes; 1D: a vector for every day
-- Returns   vectors, a row of emas each; blocks, a row of emas_at_blocks each; NULL: none.
-- Errors    as ema_frames; TA030 a close is NULL.   Cost  that of walk_emas.
-- Rule      as build_emas, both spaces at once.
CREATE OR REPLACE FUNCTION emas_of_days(
    p_id int, p_periods int[], p_tfs text[], OUT vectors computed_vector[], OUT blocks computed_block[])
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
SET jit = off
AS $$
DECLARE
    v_closes CONSTANT float8[] := closes_from(p_id, 0);
    v_means CONSTANT float8[] := close_means(p_id, 0);
    v_frame record;
    v_walked record;
BEGIN
    FOR v_frame IN
        SELECT * FROM ema_frames(
            p_id, p_periods, p_tfs, array_fill(1, ARRAY[cardinality(p_tfs)]), true, true)
    LOOP
        SELECT o.* INTO v_walked FROM walk_emas(
            p_id, v_frame.tf, v_frame.by_rows, true, true, p_periods, v_frame.alpha_bar,
            v_frame.alpha_inside, v_closes, 0, v_means, coalesce(v_frame.bars, '{}'), v_frame.first_rows,
            v_frame.last_rows, v_frame.is_forming, 0, 0.0, NULL, v_frame.row_init, NULL, NULL) AS o;
        vectors := vectors || v_walked.vectors;
        blocks := blocks || v_walked.blocks;
    END LOOP;
END;
$$;
