-- store_emas: store the EMA vectors of some timeframes where they differ from what is stored.
--   p_id          asset id
--   p_is_new      nothing of these timeframes is stored
--   p_tfs         timeframes; for each of them p_lives: the number of live periods, p_from_bars: the first
--                 bar computed, p_from_rows: the row number of the first day that may differ
--   p_vectors     their vectors from there on; p_blocks: those two days before blocks of days
--   p_bar, p_day  N-day timeframes: bar space, day space were computed
-- Returns   per timeframe: bar_written, day_written, n_live, as build_emas.
-- Errors    none.
-- Cost      3 us a vector where nothing was stored; else 8 us one that stands, 12 one that is written.
-- Rule      identical vectors aren't written; those that are no longer computed are deleted; what the other
--           variant of an N-day timeframe keeps in the same row stays.
CREATE OR REPLACE FUNCTION store_emas(
    p_id int, p_is_new boolean, p_tfs text[], p_lives int[], p_from_bars int[], p_from_rows int[],
    p_vectors computed_vector[], p_blocks computed_block[], p_bar boolean, p_day boolean
)
RETURNS TABLE (tf text, bar_written int, day_written int, n_live int)
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
SET jit = off
SET enable_nestloop = on
SET plan_cache_mode = force_generic_plan
AS $$
#variable_conflict use_column
DECLARE
    v_vectors computed_vector[];
    v_in_bar_space boolean[];
    v_in_day_space boolean[];
    v_gone_tfs text[];
    v_gone int[];
BEGIN
    IF p_is_new THEN
        INSERT INTO emas (id, tf, bar_seq, n_closed, bar_space, day_space, anchor)
        SELECT p_id, v.tf, v.bar_seq, v.n_closed, v.bar_space, v.day_space, v.anchor
        FROM unnest(p_vectors) AS v;
        IF p_blocks <> '{}' THEN
            INSERT INTO emas_at_blocks (id, tf, block, bar_space, day_space)
            SELECT p_id, b.tf, b.block, b.bar_space, b.day_space FROM unnest(p_blocks) AS b;
        END IF;
        RETURN QUERY
        SELECT
            t.tf, CASE WHEN p_bar THEN count(v.tf)::int ELSE 0 END,
            CASE WHEN p_day THEN count(v.tf)::int ELSE 0 END, t.n_live
        FROM unnest(p_tfs, p_lives) AS t (tf, n_live)
        LEFT JOIN unnest(p_vectors) AS v ON v.tf = t.tf
        GROUP BY t.tf, t.n_live;
        RETURN;
    END IF;
    SELECT
        array_agg(d.vector ORDER BY d.tf, d.bar_seq), array_agg(d.in_bar_space ORDER BY d.tf, d.bar_seq),
        array_agg(d.in_day_space ORDER BY d.tf, d.bar_seq)
    INTO v_vectors, v_in_bar_space, v_in_day_space
    FROM (
        SELECT
            n.tf, n.bar_seq,
            ROW(
                p_id, n.tf, n.bar_seq, n.n_closed,
                CASE WHEN p_bar THEN n.bar_space ELSE o.bar_space END,
                CASE WHEN p_day THEN n.day_space ELSE o.day_space END,
                CASE WHEN p_bar OR n.anchor IS NULL THEN n.anchor ELSE coalesce(o.anchor, n.anchor) END
            )::computed_vector AS vector,
            p_bar AND (o.id IS NULL OR record_image_ne(
                ROW(o.n_closed, o.bar_space, o.anchor), ROW(n.n_closed, n.bar_space, n.anchor)))
                AS in_bar_space,
            p_day AND (o.id IS NULL OR record_image_ne(
                ROW(o.n_closed, o.day_space), ROW(n.n_closed, n.day_space))) AS in_day_space
        FROM unnest(p_vectors) AS n
        LEFT JOIN LATERAL (
            SELECT * FROM emas AS e WHERE e.id = p_id AND e.tf = n.tf AND e.bar_seq = n.bar_seq OFFSET 0
        ) AS o ON true
    ) AS d
    WHERE d.in_bar_space OR d.in_day_space;
    IF v_vectors IS NOT NULL THEN
        INSERT INTO emas AS e (id, tf, bar_seq, n_closed, bar_space, day_space, anchor)
        SELECT p_id, v.tf, v.bar_seq, v.n_closed, v.bar_space, v.day_space, v.anchor
        FROM unnest(v_vectors) AS v
        ON CONFLICT (id, tf, bar_seq) DO UPDATE SET
            n_closed = excluded.n_closed, bar_space = excluded.bar_space, day_space = excluded.day_space,
            anchor = excluded.anchor;
    END IF;

    -- Vectors of bars that are gone.
    SELECT array_agg(s.tf), array_agg(s.bar_seq) INTO v_gone_tfs, v_gone
    FROM (
        SELECT e.tf, e.bar_seq
        FROM unnest(p_tfs, p_from_bars) AS t (tf, from_bar)
        CROSS JOIN LATERAL (
            SELECT i.tf, i.bar_seq FROM emas AS i
            WHERE i.id = p_id AND i.tf = t.tf AND i.bar_seq >= t.from_bar OFFSET 0
        ) AS e
        EXCEPT ALL
        SELECT n.tf, n.bar_seq FROM unnest(p_vectors) AS n
    ) AS s;
    IF v_gone IS NOT NULL THEN
        DELETE FROM emas AS e
        USING unnest(v_gone_tfs, v_gone) AS g (tf, bar_seq)
        WHERE e.id = p_id AND e.tf = g.tf AND e.bar_seq = g.bar_seq;
    END IF;
    IF p_day THEN
        PERFORM store_emas_at_blocks(p_id, p_tfs, p_from_rows, p_blocks);
    END IF;
    RETURN QUERY
    SELECT
        t.tf, count(*) FILTER (WHERE d.bar)::int, count(*) FILTER (WHERE d.day)::int, t.n_live
    FROM unnest(p_tfs, p_lives) AS t (tf, n_live)
    LEFT JOIN unnest(v_in_bar_space, v_in_day_space, ARRAY(SELECT v.tf FROM unnest(v_vectors) AS v))
        AS d (bar, day, tf) ON d.tf = t.tf
    GROUP BY t.tf, t.n_live;
END;
$$;
