-- ema_frames: what a walk over the EMAs of some timeframes needs: where it resumes, and over which bars.
--   p_id         asset id
--   p_periods    all periods, ascending
--   p_tfs        timeframes; 1D: every day is a bar
--   p_from_rows  for each of them the row number (1d bar_seq) of the first day that may differ; 1: from
--                nothing
--   p_bar, p_day   N-day timeframes: bar space, day space; calendar timeframes need both
-- Returns   a row per timeframe: by_rows (N-day bars, 1D), is_new (nothing of it is stored), alphas;
--           from_bar, the bar of the last day that stays; closed_before, the number of closed bars before it,
--           bar_init and day_init, the vectors there. Day space, and bar space inside calendar bars, go on
--           from the newest block before the change: row_init, day_init, inside_init (NULL: from the last row
--           of the bar before). The bars from from_bar on: bars, first_rows, last_rows, is_forming (the last
--           one is).
-- Errors    TA020 an alpha is missing, TA030 a vector to resume from is missing or of another length.
-- Cost      a few index probes per timeframe, and the bars from there on.
-- Rule      the bar before the change is computed again, since it may close late or open again. Long, since
--           it is one query.
CREATE OR REPLACE FUNCTION ema_frames(
    p_id int, p_periods int[], p_tfs text[], p_from_rows int[], p_bar boolean, p_day boolean
)
RETURNS TABLE (
    tf text, from_row int, by_rows boolean, is_new boolean, alpha_bar float8[], alpha_inside float8[],
    from_bar int, closed_before int, bar_init float8[], row_init int, day_init float8[], inside_init float8[],
    bars int[], first_rows int[], last_rows int[], is_forming boolean
)
LANGUAGE plpgsql STABLE ROWS 150
SET search_path FROM CURRENT
SET jit = off
SET enable_nestloop = on
SET plan_cache_mode = force_generic_plan
AS $$
#variable_conflict use_column
DECLARE
    v_new_tfs text[];
    v_tfs text[];
    v_from_rows int[];
BEGIN
    SELECT
        array_agg(g.tf ORDER BY g.place) FILTER (WHERE g.from_row <= 1),
        array_agg(g.tf ORDER BY g.place) FILTER (WHERE g.from_row > 1),
        array_agg(g.from_row ORDER BY g.place) FILTER (WHERE g.from_row > 1)
    INTO v_new_tfs, v_tfs, v_from_rows
    FROM unnest(p_tfs, p_from_rows) WITH ORDINALITY AS g (tf, from_row, place);
    IF v_new_tfs IS NOT NULL THEN
        RETURN QUERY SELECT * FROM ema_frames_from_start(p_id, p_periods, v_new_tfs);
    END IF;
    IF v_tfs IS NULL THEN
        RETURN;
    END IF;
    RETURN QUERY
    SELECT
        r.tf, r.from_row, r.by_rows, false, r.alpha_bar, r.alpha_inside, r.from_bar,
        coalesce(r.n_closed, 0),
        CASE
            WHEN r.alpha_periods IS DISTINCT FROM p_periods
                THEN raise_alpha_missing(r.tf, p_periods, r.alpha_periods)
            WHEN r.bar_before IS NOT NULL AND (
                r.n_closed IS NULL OR (r.by_rows AND r.n_closed <> r.bar_before)
                OR (p_bar AND cardinality(r.bar_space) IS DISTINCT FROM r.live)
                OR (p_day AND cardinality(r.day_space) IS DISTINCT FROM r.live))
                THEN raise_emas_differ(p_id, r.tf)
            WHEN p_bar THEN r.bar_space
            ELSE r.day_space
        END,
        CASE
            WHEN k.id IS NOT NULL THEN row_before_block(k.block)
            -- Where nothing lives yet, nothing can before the last day of the bar before the change.
            WHEN coalesce(r.live, 0) = 0 THEN greatest(r.row_before, r.from_row - 2)
            ELSE r.row_before
        END,
        coalesce(k.day_space, r.day_space), k.bar_space, r.bars, r.first_rows, r.last_rows, r.is_forming
    FROM (
        SELECT
            t.*, e.n_closed, e.bar_space, e.day_space, s.*, a.periods AS alpha_periods, a.alpha_bar,
            a.alpha_inside,
            -- Bars follow each other.
            CASE WHEN t.bar_before IS NULL THEN 0 ELSE coalesce(s.first_rows[1] - 1, 0) END AS row_before,
            width_bucket(e.n_closed, p_periods) AS live
        FROM (
            SELECT
                g.tf, g.from_row, c.unit_kind = 'D' AS by_rows, m.from_bar,
                CASE
                    WHEN c.unit_kind = 'D' THEN nullif(m.from_bar - 1, 0)
                    ELSE (
                        SELECT o.bar_seq FROM bars AS o
                        WHERE o.id = p_id AND o.tf = g.tf AND o.bar_seq < m.from_bar
                        ORDER BY o.bar_seq DESC LIMIT 1)
                END AS bar_before
            FROM unnest(v_tfs, v_from_rows) AS g (tf, from_row)
            INNER JOIN dim_timeframe AS c ON c.tf = g.tf
            CROSS JOIN LATERAL (
                SELECT CASE
                    WHEN g.tf = '1D' THEN g.from_row
                    WHEN c.unit_kind = 'D' THEN (g.from_row - 2) / c.tf_qty + 1
                    ELSE coalesce((
                        SELECT o.bar_seq FROM bars AS o
                        WHERE o.id = p_id AND o.tf = g.tf AND o.first_row < g.from_row
                        ORDER BY o.bar_seq DESC LIMIT 1), 1)
                END AS from_bar
                -- Not pulled up: asked once, not wherever it's compared.
                OFFSET 0
            ) AS m
            OFFSET 0
        ) AS t
        LEFT JOIN ema_alpha_vectors AS a ON a.tf = t.tf
        CROSS JOIN LATERAL (
            SELECT
                array_agg(i.bar_seq ORDER BY i.bar_seq) AS bars,
                array_agg(i.first_row ORDER BY i.bar_seq) AS first_rows,
                array_agg(i.last_row ORDER BY i.bar_seq) AS last_rows,
                NOT bool_and(i.is_closed) AS is_forming
            FROM (
                SELECT o.bar_seq, o.first_row, o.last_row, o.is_closed FROM bars AS o
                WHERE o.id = p_id AND o.tf = t.tf AND o.bar_seq >= t.from_bar
                UNION ALL
                SELECT d.bar_seq, d.bar_seq, d.bar_seq, true FROM cmc_price_bars_1d AS d
                WHERE d.id = p_id AND d.bar_seq >= CASE WHEN t.tf = '1D' THEN t.from_bar END
            ) AS i
        ) AS s
        -- OFFSET 0: looked up one by one, whatever the planner thinks of tables that were empty.
        LEFT JOIN LATERAL (
            SELECT o.n_closed, o.bar_space, o.day_space FROM emas AS o
            WHERE o.id = p_id AND o.tf = t.tf AND o.bar_seq = t.bar_before
            OFFSET 0
        ) AS e ON true
    ) AS r
    LEFT JOIN LATERAL (
        SELECT o.id, o.block, o.bar_space, o.day_space FROM emas_at_blocks AS o
        WHERE
            -- Without day space no block has this number; a condition that is false for all rows of a table
            -- would leave a cluster without a shard to ask.
            o.id = p_id AND o.tf = r.tf
            AND o.block = CASE WHEN p_day THEN r.from_row / block_size() ELSE -1 END
            -- Not on the last day of the bar before the change, whose closing may change.
            AND row_before_block(o.block) > r.row_before AND row_before_block(o.block) <= r.from_row - 2
        OFFSET 0
    ) AS k ON true;
END;
$$;
