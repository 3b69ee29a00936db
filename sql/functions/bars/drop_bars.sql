-- drop_bars: delete the bars of timeframes that are no longer due.
--   p_id, p_work   asset, and what there is to do for its bars (bar_work)
-- Returns   an element per timeframe deleted: bars_done.
-- Errors    none.   Cost  the rows deleted.   Rule  due is what the decision says, whatever is stored.
CREATE OR REPLACE FUNCTION drop_bars(p_id int, p_work bar_work[])
RETURNS bars_done[]
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $$
DECLARE
    v_tfs text[] := ARRAY(
        SELECT t.tf FROM unnest(p_work) AS w CROSS JOIN LATERAL unnest(w.tfs) AS t (tf)
        WHERE NOT t.tf = ANY(w.due));
    v_done bars_done[];
BEGIN
    IF v_tfs = '{}' THEN
        RETURN '{}';
    END IF;
    WITH gone AS (
        DELETE FROM bars AS b WHERE b.id = p_id AND b.tf = ANY(v_tfs) RETURNING b.tf
    ), counted AS (
        SELECT g.tf, count(*)::int AS n FROM gone AS g GROUP BY g.tf
    )
    SELECT array_agg(ROW(c.tf, 0, c.n, NULL, NULL, NULL, NULL)::bars_done) INTO v_done FROM counted AS c;
    DELETE FROM bar_blocks AS h WHERE h.id = p_id AND h.tf = ANY(v_tfs);
    RETURN coalesce(v_done, '{}');
END;
$$;
