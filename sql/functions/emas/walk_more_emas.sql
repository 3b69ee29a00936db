-- walk_more_emas: walk_emas for more than 18 periods: the first 18, then the others, put together.
--   p_id .. p_inside_init   as in walk_emas
-- Returns   as walk_emas.
-- Errors    none.   Cost  that of walk_emas for each 18 periods.
-- Rule      periods go live from the shortest on, so vectors of the longer ones follow those of the shorter.
CREATE OR REPLACE FUNCTION walk_more_emas(
    p_id int, p_tf text, p_by_rows boolean, p_bar boolean, p_day boolean, p_periods int[],
    p_alpha_bar float8[], p_alpha_inside float8[], p_closes float8[], p_offset int, p_means float8[],
    p_bars int[], p_first_rows int[], p_last_rows int[], p_is_forming boolean, p_closed int, p_total float8,
    p_bar_init float8[], p_row_init int, p_day_init float8[], p_inside_init float8[],
    OUT vectors computed_vector[], OUT blocks computed_block[]
)
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE COST 20000
SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
DECLARE
    v_short record;
    v_long record;
BEGIN
    SELECT w.vectors, w.blocks INTO v_short FROM walk_emas(
        p_id, p_tf, p_by_rows, p_bar, p_day, p_periods[:18], p_alpha_bar[:18], p_alpha_inside[:18], p_closes,
        p_offset, p_means, p_bars, p_first_rows, p_last_rows, p_is_forming, p_closed, p_total,
        p_bar_init[:18], p_row_init, p_day_init[:18], p_inside_init[:18]) AS w;
    SELECT w.vectors, w.blocks INTO v_long FROM walk_emas(
        p_id, p_tf, p_by_rows, p_bar, p_day, p_periods[19:], p_alpha_bar[19:], p_alpha_inside[19:], p_closes,
        p_offset, p_means, p_bars, p_first_rows, p_last_rows, p_is_forming, p_closed, p_total,
        p_bar_init[19:], p_row_init, p_day_init[19:], p_inside_init[19:]) AS w;
    vectors := ARRAY(
        SELECT ROW(
            p_id, p_tf, s.bar_seq, s.n_closed, s.bar_space || l.bar_space, s.day_space || l.day_space,
            s.anchor || l.anchor)::computed_vector
        FROM unnest(v_short.vectors) WITH ORDINALITY
            AS s (id, tf, bar_seq, n_closed, bar_space, day_space, anchor, i)
        INNER JOIN unnest(v_long.vectors) WITH ORDINALITY
            AS l (id, tf, bar_seq, n_closed, bar_space, day_space, anchor, i) ON l.i = s.i
        ORDER BY s.i);
    blocks := ARRAY(
        SELECT ROW(
            p_id, p_tf, s.block, s.bar_space || l.bar_space, s.day_space || l.day_space)::computed_block
        FROM unnest(v_short.blocks) AS s
        LEFT JOIN unnest(v_long.blocks) AS l ON l.block = s.block
        ORDER BY s.block);
END;
$$;
