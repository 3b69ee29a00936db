-- build_emas: compute the EMA vectors of some timeframes from a row on and store what differs.
--   p_id .. p_day   as in ema_frames
-- Returns   per timeframe bar_written, day_written: vectors of emas inserted or changed in bar space, in day
--           space; and n_live, the number of periods that live in the newest (NULL: no bar was walked over).
-- Errors    as ema_frames; TA030 a close is NULL.
-- Cost      that of walk_emas and store_emas, in statements of up to 4,000 vectors: on a cluster a statement
--           costs as much as hundreds of them.
-- Rule      identical vectors aren't written; those of bars that no longer exist are deleted; what the other
--           variant of an N-day timeframe keeps in the same row stays.
CREATE OR REPLACE FUNCTION build_emas(
    p_id int, p_periods int[], p_tfs text[], p_from_rows int[], p_bar boolean, p_day boolean
)
RETURNS TABLE (tf text, bar_written int, day_written int, n_live int)
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
SET jit = off
SET plan_cache_mode = force_generic_plan
AS $$
#variable_conflict use_column
DECLARE
    v_frame record;
    v_walked record;
    v_first int;
    v_offset int;
    v_closes float8[];
    v_means float8[];
    v_next int;
    v_seeds boolean;
    v_newest computed_vector;
    v_live int;
    v_count int;
    -- What is to be stored, some timeframes at a time: all of them new, or none.
    v_is_new boolean;
    v_tfs text[] := '{}';
    v_lives int[] := '{}';
    v_from_bars int[] := '{}';
    v_from_rows int[] := '{}';
    v_vectors computed_vector[] := '{}';
    v_blocks computed_block[] := '{}';
BEGIN
    FOR v_frame IN SELECT * FROM ema_frames(p_id, p_periods, p_tfs, p_from_rows, p_bar, p_day) LOOP
        v_first := least(v_frame.row_init, v_frame.last_rows[1] - 1);
        IF v_offset IS NULL OR v_first < v_offset THEN
            v_offset := v_first;
            v_closes := closes_from(p_id, v_offset);
        END IF;
        -- Only where a period goes live from here on are the closes before needed, for its seed.
        v_next := p_periods[width_bucket(v_frame.closed_before, p_periods) + 1];
        v_seeds := coalesce(v_next <= v_frame.closed_before + cardinality(v_frame.bars), false);
        IF v_seeds AND v_frame.by_rows AND v_means IS NULL THEN
            -- None goes live before the last day that stays.
            v_means := close_means(p_id, (SELECT greatest(min(f) - 2, 0) FROM unnest(p_from_rows) AS f));
        END IF;
        v_walked := walk_emas(
            p_id, v_frame.tf, v_frame.by_rows, p_bar, p_day, p_periods, v_frame.alpha_bar,
            v_frame.alpha_inside, v_closes, v_offset, v_means, coalesce(v_frame.bars, '{}'),
            v_frame.first_rows, v_frame.last_rows, v_frame.is_forming, v_frame.closed_before,
            CASE
                WHEN v_seeds AND v_frame.from_bar > 1 THEN closes_total(p_id, v_frame.tf, v_frame.from_bar)
                ELSE 0.0
            END,
            v_frame.bar_init, v_frame.row_init, v_frame.day_init, v_frame.inside_init);
        v_newest := v_walked.vectors[cardinality(v_walked.vectors)];
        v_live := cardinality(CASE WHEN p_bar THEN v_newest.bar_space ELSE v_newest.day_space END);
        v_count := coalesce(cardinality(v_walked.vectors), 0);
        IF v_tfs <> '{}' AND (v_is_new <> v_frame.is_new OR cardinality(v_vectors) + v_count > 4000) THEN
            RETURN QUERY SELECT * FROM store_emas(
                p_id, v_is_new, v_tfs, v_lives, v_from_bars, v_from_rows, v_vectors, v_blocks, p_bar, p_day);
            v_tfs := '{}'; v_lives := '{}'; v_from_bars := '{}'; v_from_rows := '{}';
            v_vectors := '{}'; v_blocks := '{}';
        END IF;
        v_is_new := v_frame.is_new;
        v_tfs := v_tfs || v_frame.tf;
        v_lives := v_lives || v_live;
        v_from_bars := v_from_bars || v_frame.from_bar;
        v_from_rows := v_from_rows || v_frame.from_row;
        -- Many are taken as they are, few one by one: to put arrays together copies what is there already.
        IF v_vectors = '{}' AND v_count > 100 THEN
            v_vectors := v_walked.vectors;
        ELSE
            FOR i IN 1 .. v_count LOOP
                v_vectors := array_append(v_vectors, v_walked.vectors[i]);
            END LOOP;
        END IF;
        FOR i IN 1 .. coalesce(cardinality(v_walked.blocks), 0) LOOP
            v_blocks := array_append(v_blocks, v_walked.blocks[i]);
        END LOOP;
    END LOOP;
    IF v_tfs <> '{}' THEN
        RETURN QUERY SELECT * FROM store_emas(
            p_id, v_is_new, v_tfs, v_lives, v_from_bars, v_from_rows, v_vectors, v_blocks, p_bar, p_day);
    END IF;
END;
$$;
