-- day_frames: what one more day needs of the EMAs of some timeframes: alphas, bars, the vectors before.
--   p_id .. p_day   as in append_emas
-- Returns   a row per timeframe whose bars include the day: by_rows (N-day bars, 1D), alphas, its bar,
--           whether it begins and closes with the day, bar_before, the bar of the day before (NULL: none),
--           and the vector there.
-- Errors    TA020 an alpha is missing, TA030 that vector is missing or of another length.
-- Cost      two or three probes per timeframe.
-- Rule      which bars begin and close is what bars say.
CREATE OR REPLACE FUNCTION day_frames(
    p_id int, p_periods int[], p_tfs text[], p_row int, p_bar boolean, p_day boolean
)
RETURNS TABLE (
    tf text, by_rows boolean, alpha_bar float8[], alpha_inside float8[], bar_seq int, begins boolean,
    closes boolean, bar_before int, n_closed int, bar_space float8[], day_space float8[], anchor float8[]
)
LANGUAGE plpgsql STABLE ROWS 150
SET search_path FROM CURRENT
SET jit = off
SET plan_cache_mode = force_generic_plan
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT
        c.tf, c.unit_kind = 'D', a.alpha_bar,
        a.alpha_inside, w.bar_seq, w.begins, w.closes, w.bar_before, coalesce(e.n_closed, 0),
        CASE
            WHEN cardinality(a.periods) IS DISTINCT FROM cardinality(p_periods)
                THEN raise_alpha_missing(c.tf, p_periods, a.periods)
            WHEN w.bar_before IS NOT NULL AND (
                e.id IS NULL OR (e.anchor IS NULL AND NOT w.begins)
                OR (e.anchor IS NOT NULL AND w.begins AND c.unit_kind = 'D')
                OR (cardinality(e.bar_space) IS DISTINCT FROM width_bucket(e.n_closed, p_periods)
                    AND (p_bar OR c.unit_kind <> 'D'))
                OR (cardinality(e.day_space) IS DISTINCT FROM width_bucket(e.n_closed, p_periods) AND p_day))
                THEN raise_emas_differ(p_id, c.tf)
            ELSE coalesce(e.bar_space, '{}')
        END,
        coalesce(e.day_space, '{}'), e.anchor
    FROM dim_timeframe AS c
    LEFT JOIN ema_alpha_vectors AS a ON a.tf = c.tf
    LEFT JOIN LATERAL (
        SELECT o.bar_seq, o.first_row = p_row AS begins, o.is_closed AND o.last_row = p_row AS closes
        FROM bars AS o
        WHERE o.id = p_id AND o.tf = c.tf AND o.first_row <= p_row AND c.unit_kind <> 'D'
        ORDER BY o.bar_seq DESC LIMIT 1
    ) AS b ON true
    CROSS JOIN LATERAL (
        SELECT
            CASE WHEN c.unit_kind = 'D' THEN (p_row - 1) / c.tf_qty + 1 ELSE b.bar_seq END AS bar_seq,
            CASE WHEN c.unit_kind = 'D' THEN (p_row - 1) % c.tf_qty = 0 ELSE b.begins END AS begins,
            CASE WHEN c.unit_kind = 'D' THEN p_row % c.tf_qty = 0 ELSE b.closes END AS closes,
            CASE
                WHEN c.unit_kind = 'D' THEN nullif((p_row - 2 + c.tf_qty) / c.tf_qty, 0)
                WHEN NOT b.begins THEN b.bar_seq
                ELSE (
                    SELECT o.bar_seq FROM bars AS o
                    WHERE o.id = p_id AND o.tf = c.tf AND o.bar_seq < b.bar_seq
                    ORDER BY o.bar_seq DESC LIMIT 1)
            END AS bar_before
        OFFSET 0
    ) AS w
    LEFT JOIN emas AS e ON e.id = p_id AND e.tf = c.tf AND e.bar_seq = w.bar_before
    WHERE c.tf = ANY(p_tfs) AND w.bar_seq IS NOT NULL;
END;
$$;
