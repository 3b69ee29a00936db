-- seeded_timeframes: the timeframes of which an asset has EMAs.
--   p_id   asset id
-- Returns   those that EMAs were built for and where as many bars have closed as the lowest period wants.
-- Errors    none.   Cost  the keys of the vectors.
-- Rule      a series begins with its seed.
CREATE OR REPLACE FUNCTION seeded_timeframes(p_id int)
RETURNS text[]
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
DECLARE
    v_lowest int;
    v_seeded text[];
BEGIN
    SELECT min(p.period) INTO v_lowest FROM dim_period AS p;
    SELECT array_agg(DISTINCT e.tf) INTO v_seeded FROM emas AS e WHERE e.id = p_id AND e.n_closed >= v_lowest;
    RETURN ARRAY(
        SELECT t.tf FROM stored_ema_states(p_id) AS s
        INNER JOIN stored_groups() AS g ON g.ema_group = s.ema_group
        CROSS JOIN LATERAL unnest(s.tfs) AS t (tf)
        INTERSECT
        SELECT u.tf FROM unnest(v_seeded) AS u (tf));
END;
$$;
