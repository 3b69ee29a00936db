-- emas_stand: whether the states of some groups of EMAs of an asset say that all is done.
--   p_id, p_days   asset, and how its validated days stand
--   p_wanted       the groups of EMAs that are asked for
--   p_periods      today's periods, ascending
-- Returns   true: ema_work would find nothing to do.
-- Errors    none.   Cost  a probe of each state.
-- Rule      asked first, since most calls of a day find nothing new. False isn't a decision: that is made by
--           ema_work.
CREATE OR REPLACE FUNCTION emas_stand(p_id int, p_days day_facts, p_wanted text[], p_periods int[])
RETURNS boolean
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
DECLARE
    v_standing int;
BEGIN
    IF p_days.is_empty THEN
        RETURN false;
    END IF;
    PERFORM 1 FROM emas_pending AS q WHERE q.id = p_id LIMIT 1;
    IF FOUND THEN
        RETURN false;
    END IF;
    -- New days are seen here, and groups that were never built.
    SELECT count(*) INTO v_standing
    FROM emas_state AS e
    WHERE
        e.id = p_id AND e.ema_group = ANY(p_wanted)
        AND e.n_rows = p_days.n_rows AND e.first_ts = p_days.first_ts AND e.last_ts = p_days.last_ts;
    IF v_standing < (SELECT count(DISTINCT g) FROM unnest(p_wanted) AS g) THEN
        RETURN false;
    END IF;
    RETURN NOT EXISTS (
        SELECT 1
        FROM stored_groups() AS x
        LEFT JOIN emas_state AS e ON e.id = p_id AND e.ema_group = x.ema_group
        LEFT JOIN bars_state AS s ON s.id = p_id AND s.bar_group = x.bar_group
        WHERE
            x.ema_group = ANY(p_wanted)
            AND (
                e.id IS NULL
                OR EXISTS (
                    SELECT 1 FROM ema_marks AS m
                    WHERE m.id = p_id AND m.version > e.marks_read AND m.output IN ('1d', e.bar_group))
                OR e.periods <> p_periods
                OR e.tfs IS DISTINCT FROM
                CASE WHEN x.has_1d THEN ARRAY['1D'] || s.tfs ELSE s.tfs END));
END;
$$;
