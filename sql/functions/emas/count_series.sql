-- count_series: the number of live EMA series of some timeframes of a group.
--   p_id, p_ema_group   asset, name as in emas_state.ema_group
--   p_tfs               timeframes
-- Returns   the sum of the lengths of their newest vectors.
-- Errors    none.   Cost  an index probe per timeframe.
-- Rule      a period lives from the bar on with which it has as many closed bars as it is long.
CREATE OR REPLACE FUNCTION count_series(p_id int, p_ema_group text, p_tfs text[])
RETURNS int
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
DECLARE
    v_bar boolean := (SELECT bool_or(x.in_bar_space) FROM taxonomy() AS x WHERE x.ema_group = p_ema_group);
BEGIN
    RETURN (
        SELECT coalesce(sum(n.live), 0)
        FROM unnest(p_tfs) AS t (tf)
        CROSS JOIN LATERAL (
            SELECT cardinality(CASE WHEN v_bar THEN e.bar_space ELSE e.day_space END) AS live
            FROM emas AS e WHERE e.id = p_id AND e.tf = t.tf
            ORDER BY e.bar_seq DESC LIMIT 1
        ) AS n
    );
END;
$$;
