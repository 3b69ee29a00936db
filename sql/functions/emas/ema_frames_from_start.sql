-- ema_frames_from_start: what a walk over the EMAs of some timeframes needs that begins with the first day.
--   p_id         asset id
--   p_periods    all periods, ascending
--   p_tfs        timeframes; 1D: every day is a bar
-- Returns   as ema_frames, from row 1.
-- Errors    TA020 an alpha is missing.
-- Cost      the bars of the timeframes.
-- Rule      nothing is resumed. Where any of the timeframes has vectors none of them counts as new.
--           Statements about one table and one asset: a cluster keeps their plans.
CREATE OR REPLACE FUNCTION ema_frames_from_start(p_id int, p_periods int[], p_tfs text[])
RETURNS TABLE (
    tf text, from_row int, by_rows boolean, is_new boolean, alpha_bar float8[], alpha_inside float8[],
    from_bar int, closed_before int, bar_init float8[], row_init int, day_init float8[], inside_init float8[],
    bars int[], first_rows int[], last_rows int[], is_forming boolean
)
LANGUAGE plpgsql STABLE ROWS 150
SET search_path FROM CURRENT
SET jit = off
SET plan_cache_mode = force_generic_plan
AS $$
#variable_conflict use_column
DECLARE
    v_alphas ema_alpha_vectors[];
    v_is_new boolean;
BEGIN
    PERFORM FROM emas AS e WHERE e.id = p_id AND e.tf = ANY(p_tfs) LIMIT 1;
    v_is_new := NOT FOUND;
    IF v_is_new THEN
        PERFORM FROM emas_at_blocks AS k WHERE k.id = p_id AND k.tf = ANY(p_tfs) LIMIT 1;
        v_is_new := NOT FOUND;
    END IF;
    SELECT array_agg(ROW(a.tf, a.periods, a.alpha_bar, a.alpha_inside)::ema_alpha_vectors) INTO v_alphas
    FROM ema_alpha_vectors AS a WHERE a.tf = ANY(p_tfs);
    RETURN QUERY
    SELECT
        t.tf, 1, timeframe_kind(t.tf) = 'D', v_is_new, a.alpha_bar, a.alpha_inside, 1, 0,
        CASE
            WHEN a.periods IS DISTINCT FROM p_periods THEN raise_alpha_missing(t.tf, p_periods, a.periods)
        END,
        0, NULL::float8[], NULL::float8[], b.bars, b.first_rows, b.last_rows, b.is_forming
    FROM unnest(p_tfs) AS t (tf)
    LEFT JOIN unnest(v_alphas) AS a ON a.tf = t.tf
    LEFT JOIN bars_by_timeframe(p_id, p_tfs) AS b ON b.tf = t.tf;
END;
$$;
