-- ema_frames: where the EMAs of some timeframes resume, and from which vectors.
--   p_id .. p_day   as in compute_emas
-- Returns   a row per timeframe: from_bar, the bar of the last day that stays; closed_before, the number of
--           closed bars before it, bar_init and day_init, the vectors there. Day space, and bar space inside
--           calendar bars, go on from the newest block of 64 days before the change: row_init, day_init,
--           inside_init (NULL: from the last row of the bar before).
-- Errors    TA020 an alpha is missing, TA030 a vector to resume from is missing or of another length.
-- Cost      a few index probes per timeframe.
-- Rule      the bar before the change is computed again, since it may close late or open again.
CREATE OR REPLACE FUNCTION ema_frames(
    p_id int, p_periods int[], p_tfs text[], p_from_rows int[], p_bar boolean, p_day boolean
)
RETURNS TABLE (
    tf text, from_bar int, closed_before int, bar_init float8[], row_init int, day_init float8[],
    inside_init float8[]
)
LANGUAGE plpgsql STABLE ROWS 150
SET search_path FROM CURRENT
SET enable_nestloop = on
SET plan_cache_mode = force_generic_plan
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT
        r.tf, r.from_bar, coalesce(r.n_closed, 0),
        CASE
            WHEN cardinality(r.alpha_periods) IS DISTINCT FROM cardinality(p_periods)
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
            WHEN k.id IS NOT NULL THEN 64 * k.block - 2
            -- Where nothing lives yet, nothing can before the last day of the bar before the change.
            WHEN coalesce(r.live, 0) = 0 THEN greatest(r.row_before, r.from_row - 2)
            ELSE r.row_before
        END,
        coalesce(k.day_space, r.day_space), k.bar_space
    FROM (
        SELECT
            t.*, e.n_closed, e.bar_space, e.day_space,
            coalesce(CASE WHEN t.tf = '1D' THEN t.bar_before ELSE b.last_row END, 0) AS row_before,
            width_bucket(e.n_closed, p_periods) AS live
        FROM (
            SELECT
                g.tf, g.from_row, c.unit_kind = 'D' AS by_rows, m.from_bar,
                ARRAY(
                    SELECT x.period FROM ema_alpha AS x WHERE x.tf = g.tf AND x.period = ANY(p_periods)
                ) AS alpha_periods,
                CASE
                    WHEN c.unit_kind = 'D' THEN nullif(m.from_bar - 1, 0)
                    ELSE (
                        SELECT o.bar_seq FROM bars AS o
                        WHERE o.id = p_id AND o.tf = g.tf AND o.bar_seq < m.from_bar
                        ORDER BY o.bar_seq DESC LIMIT 1)
                END AS bar_before
            FROM unnest(p_tfs, p_from_rows) AS g (tf, from_row)
            INNER JOIN dim_timeframe AS c ON c.tf = g.tf
            CROSS JOIN LATERAL (
                SELECT CASE
                    WHEN g.from_row <= 1 THEN 1
                    WHEN g.tf = '1D' THEN g.from_row
                    WHEN c.unit_kind = 'D' THEN (g.from_row - 2) / c.tf_qty + 1
                    ELSE coalesce((
                        SELECT o.bar_seq FROM bars AS o
                        WHERE o.id = p_id AND o.tf = g.tf AND o.first_row < g.from_row
                        ORDER BY o.bar_seq DESC LIMIT 1), 1)
                END AS from_bar
            ) AS m
        ) AS t
        LEFT JOIN emas AS e ON e.id = p_id AND e.tf = t.tf AND e.bar_seq = t.bar_before
        LEFT JOIN bars AS b ON b.id = p_id AND b.tf = t.tf AND b.bar_seq = t.bar_before
    ) AS r
    LEFT JOIN emas_at_blocks AS k
        ON
            -- Without day space no block has this number; a condition that is false for all rows of a table
            -- would leave a cluster without a shard to ask.
            k.id = p_id AND k.tf = r.tf AND k.block = CASE WHEN p_day THEN r.from_row / 64 ELSE -1 END
            -- Not on the last day of the bar before the change, whose closing may change.
            AND 64 * k.block - 2 > r.row_before AND 64 * k.block - 2 <= r.from_row - 2;
END;
$$;
