-- build_emas: compute the EMA vectors of some timeframes from a row on and store what differs.
--   p_id .. p_day   as in compute_emas
-- Returns   per timeframe: bar_written, day_written: vectors of emas inserted or changed in bar space, in day
--           space.
-- Errors    as compute_emas.   Cost  as compute_emas, and 10 us for each vector written.
-- Rule      identical vectors aren't written; those of bars that no longer exist are deleted; what the other
--           variant of an N-day timeframe keeps in the same row stays.
CREATE OR REPLACE FUNCTION build_emas(
    p_id int, p_periods int[], p_tfs text[], p_from_rows int[], p_bar boolean, p_day boolean
)
RETURNS TABLE (tf text, bar_written int, day_written int)
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
SET jit = off
SET enable_nestloop = off
SET work_mem = '64MB'
SET plan_cache_mode = force_generic_plan
AS $$
#variable_conflict use_column
DECLARE
    v_vectors emas[];
    v_blocks emas_at_blocks[];
    v_gone_tfs text[];
    v_gone_bars int[];
BEGIN
    SELECT
        array_agg(ROW(p_id, c.tf, c.bar_seq, c.n_closed, c.bar_space, c.day_space, c.anchor)::emas
            ORDER BY c.tf, c.bar_seq) FILTER (WHERE c.block IS NULL),
        array_agg(ROW(p_id, c.tf, c.block, c.bar_space, c.day_space)::emas_at_blocks
            ORDER BY c.tf, c.block) FILTER (WHERE c.block IS NOT NULL)
    INTO v_vectors, v_blocks
    FROM compute_emas(p_id, p_periods, p_tfs, p_from_rows, p_bar, p_day) AS c;

    -- What is no longer computed: vectors of bars that are gone, blocks where nothing lives any more.
    WITH computed AS MATERIALIZED (
        SELECT n.tf, n.bar_seq FROM unnest(v_vectors) AS n
    ),
    froms AS MATERIALIZED (
        SELECT
            g.tf,
            CASE
                WHEN g.from_row <= 1 OR g.tf = '1D' THEN g.from_row
                -- The earliest bar computed is where it went on, if it begins before the change; else all
                -- bars were computed, and those before it are gone.
                ELSE coalesce((
                    SELECT b.bar_seq FROM bars AS b
                    WHERE b.id = p_id AND b.tf = g.tf AND b.bar_seq = min(n.bar_seq)
                        AND b.first_row < g.from_row
                ), 0)
            END AS from_bar
        FROM unnest(p_tfs, p_from_rows) AS g (tf, from_row)
        LEFT JOIN computed AS n ON n.tf = g.tf
        GROUP BY g.tf, g.from_row
    ),
    stored AS MATERIALIZED (
        SELECT f.tf, e.bar_seq
        FROM froms AS f
        CROSS JOIN LATERAL (
            SELECT i.bar_seq FROM emas AS i WHERE i.id = p_id AND i.tf = f.tf
                AND i.bar_seq >= f.from_bar OFFSET 0
        ) AS e
    ),
    gone AS MATERIALIZED (
        SELECT s.tf, s.bar_seq FROM stored AS s
        LEFT JOIN computed AS n ON n.tf = s.tf AND n.bar_seq = s.bar_seq
        WHERE n.tf IS NULL
    )
    SELECT array_agg(g.tf), array_agg(g.bar_seq) INTO v_gone_tfs, v_gone_bars FROM gone AS g;

    RETURN QUERY
    WITH differing AS MATERIALIZED (
        SELECT
            n.tf, n.bar_seq, n.n_closed,
            CASE WHEN p_bar THEN n.bar_space ELSE o.bar_space END AS bar_space,
            CASE WHEN p_day THEN n.day_space ELSE o.day_space END AS day_space,
            CASE WHEN p_bar OR n.anchor IS NULL THEN n.anchor ELSE coalesce(o.anchor, n.anchor) END AS anchor,
            p_bar AND (o.id IS NULL
                OR record_image_ne(ROW(o.n_closed, o.bar_space, o.anchor), ROW(n.n_closed, n.bar_space,
                    n.anchor)))
                AS in_bar_space,
            p_day AND (o.id IS NULL
                OR record_image_ne(ROW(o.n_closed, o.day_space), ROW(n.n_closed,
                    n.day_space))) AS in_day_space
        FROM unnest(v_vectors) AS n
        LEFT JOIN LATERAL (
            SELECT * FROM emas AS e WHERE e.id = p_id AND e.tf = n.tf AND e.bar_seq = n.bar_seq OFFSET 0
        ) AS o ON true
    ),
    written AS (
        INSERT INTO emas AS e (id, tf, bar_seq, n_closed, bar_space, day_space, anchor)
        SELECT p_id, d.tf, d.bar_seq, d.n_closed, d.bar_space, d.day_space, d.anchor
        FROM differing AS d WHERE d.in_bar_space OR d.in_day_space
        ORDER BY d.tf, d.bar_seq
        ON CONFLICT (id, tf, bar_seq) DO UPDATE SET
            n_closed = excluded.n_closed, bar_space = excluded.bar_space, day_space = excluded.day_space,
            anchor = excluded.anchor
        RETURNING e.id
    )
    SELECT
        d.tf, count(*) FILTER (WHERE d.in_bar_space)::int, count(*) FILTER (WHERE d.in_day_space)::int
    FROM differing AS d
    WHERE (SELECT count(*) FROM written) > 0
    GROUP BY d.tf;

    IF p_day THEN
        INSERT INTO emas_at_blocks AS e (id, tf, block, bar_space, day_space)
        SELECT p_id, n.tf, n.block, n.bar_space, n.day_space
        FROM unnest(v_blocks) AS n
        LEFT JOIN LATERAL (
            SELECT * FROM emas_at_blocks AS e
            WHERE e.id = p_id AND e.tf = n.tf AND e.block = n.block OFFSET 0
        ) AS o ON true
        WHERE o.id IS NULL OR record_image_ne(ROW(o.bar_space, o.day_space), ROW(n.bar_space, n.day_space))
        ORDER BY n.tf, n.block
        ON CONFLICT (id, tf, block) DO UPDATE SET bar_space = excluded.bar_space,
            day_space = excluded.day_space;
    END IF;

    IF v_gone_tfs IS NOT NULL THEN
        DELETE FROM emas AS e
        USING unnest(v_gone_tfs, v_gone_bars) AS g (tf, bar_seq)
        WHERE e.id = p_id AND e.tf = g.tf AND e.bar_seq = g.bar_seq;
    END IF;
    IF p_day THEN
        DELETE FROM emas_at_blocks AS e
        USING unnest(p_tfs, p_from_rows) AS g (tf, from_row)
        WHERE
            e.id = p_id AND e.tf = g.tf AND 64 * e.block - 2 >= g.from_row - 1
            AND NOT EXISTS (SELECT 1 FROM unnest(v_blocks) AS n WHERE n.tf = e.tf AND n.block = e.block);
    END IF;
END;
$$;
