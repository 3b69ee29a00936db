-- store_emas_at_blocks: store the EMA vectors of two days before blocks of days where they differ.
--   p_id      asset id
--   p_tfs     timeframes; for each of them p_from_rows: the row number of the first day that may differ
--   p_blocks  their vectors from there on
-- Returns   nothing.
-- Errors    none.   Cost  as store_emas.
-- Rule      identical vectors aren't written; those of blocks where nothing lives any more are deleted.
CREATE OR REPLACE FUNCTION store_emas_at_blocks(
    p_id int, p_tfs text[], p_from_rows int[], p_blocks computed_block[])
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $$
DECLARE
    v_blocks computed_block[];
    v_gone_tfs text[];
    v_gone int[];
BEGIN
    SELECT array_agg(n.block_row ORDER BY n.tf, n.block) INTO v_blocks
    FROM (
        SELECT
            b.tf, b.block,
            ROW(p_id, b.tf, b.block, b.bar_space, b.day_space)::computed_block AS block_row
        FROM unnest(p_blocks) AS b
        LEFT JOIN LATERAL (
            SELECT * FROM emas_at_blocks AS e
            WHERE e.id = p_id AND e.tf = b.tf AND e.block = b.block OFFSET 0
        ) AS o ON true
        WHERE
            o.id IS NULL
            OR record_image_ne(ROW(o.bar_space, o.day_space), ROW(b.bar_space, b.day_space))
    ) AS n;
    IF v_blocks IS NOT NULL THEN
        INSERT INTO emas_at_blocks AS e (id, tf, block, bar_space, day_space)
        SELECT p_id, b.tf, b.block, b.bar_space, b.day_space FROM unnest(v_blocks) AS b
        ON CONFLICT (id, tf, block) DO UPDATE SET
            bar_space = excluded.bar_space, day_space = excluded.day_space;
    END IF;
    SELECT array_agg(s.tf), array_agg(s.block) INTO v_gone_tfs, v_gone
    FROM (
        SELECT e.tf, e.block
        FROM unnest(p_tfs, p_from_rows) AS t (tf, from_row)
        CROSS JOIN LATERAL (
            SELECT i.tf, i.block FROM emas_at_blocks AS i
            WHERE i.id = p_id AND i.tf = t.tf AND row_before_block(i.block) >= t.from_row - 1 OFFSET 0
        ) AS e
        EXCEPT ALL
        SELECT n.tf, n.block FROM unnest(p_blocks) AS n
    ) AS s;
    IF v_gone IS NOT NULL THEN
        DELETE FROM emas_at_blocks AS e
        USING unnest(v_gone_tfs, v_gone) AS g (tf, block)
        WHERE e.id = p_id AND e.tf = g.tf AND e.block = g.block;
    END IF;
END;
$$;
