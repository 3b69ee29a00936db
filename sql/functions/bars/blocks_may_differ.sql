-- blocks_may_differ: may what is kept of an asset's bars at the beginnings of blocks have changed?
--   p_id      asset id
--   p_rows    number of validated days
--   p_work    what there is to do for its bars (bar_work)
--   p_from_rows  row numbers (1d bar_seq) of the first days that may differ; 1: from nothing
-- Returns   false where surely not: no day came or went, and of those there are only opens, closes and market
--           caps changed, which aren't kept.
-- Errors    none.   Cost  a look at the marks and at what is pending.
-- Rule      marks stay until all have read them, so those of the asset tell of everything since then.
CREATE OR REPLACE FUNCTION blocks_may_differ(p_id int, p_rows int, p_work bar_work[], p_from_rows int[])
RETURNS boolean
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
BEGIN
    IF 1 >= ANY(p_from_rows) OR EXISTS (
        SELECT 1 FROM unnest(p_work) AS w WHERE w.n_rows IS DISTINCT FROM p_rows)
    THEN
        RETURN true;
    END IF;
    RETURN EXISTS (SELECT 1 FROM bars_pending AS p WHERE p.id = p_id) OR EXISTS (
        SELECT 1 FROM marks AS m
        WHERE
            m.id = p_id AND m.output = '1d'
            AND least(m.rows_from, m.high_from, m.low_from, m.volume_from) IS NOT NULL);
END;
$$;
