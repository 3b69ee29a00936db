-- emas_standing: the states of the EMAs of some assets, and what waits for them.
--   p_ids       assets; several only where a query may ask for them at once
--   p_tfs       count as pending only these timeframes (NULL: all)
--   p_periods   today's periods, ascending
-- Returns   an element per asset and group that was built: the columns of its state, pending_from (the
--           earliest day that timeframes left behind by a partial refresh wait for), has_other_periods: one
--           of those stands with other periods than today's.
-- Errors    none.   Cost  an index probe per asset and table.
-- Rule      one asset by its name, so that its partition or its node is asked and no other.
CREATE OR REPLACE FUNCTION emas_standing(p_ids int[], p_tfs text[], p_periods int[])
RETURNS emas_standing[]
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
DECLARE
    v_only int := CASE WHEN cardinality(p_ids) = 1 THEN p_ids[1] END;
    v_standing emas_standing[];
    v_ids int[];
    v_groups text[];
    v_from timestamptz[];
    v_others boolean[];
BEGIN
    IF v_only IS NOT NULL THEN
        v_standing := ARRAY(
            SELECT ROW(
                s.id, s.ema_group, s.tfs, s.periods, s.n_rows, s.first_ts, s.last_ts, s.series, s.dirty_from,
                s.hidden_from, NULL, NULL)::emas_standing
            FROM emas_state AS s WHERE s.id = v_only);
        SELECT
            array_agg(p.id), array_agg(p.ema_group), array_agg(p.dirty_from),
            array_agg(p.periods <> p_periods)
        INTO v_ids, v_groups, v_from, v_others
        FROM emas_pending AS p WHERE p.id = v_only AND coalesce(p.tf = ANY(p_tfs), true);
    ELSE
        v_standing := ARRAY(
            SELECT ROW(
                s.id, s.ema_group, s.tfs, s.periods, s.n_rows, s.first_ts, s.last_ts, s.series, s.dirty_from,
                s.hidden_from, NULL, NULL)::emas_standing
            FROM emas_state AS s WHERE s.id = ANY(p_ids));
        SELECT
            array_agg(p.id), array_agg(p.ema_group), array_agg(p.dirty_from),
            array_agg(p.periods <> p_periods)
        INTO v_ids, v_groups, v_from, v_others
        FROM emas_pending AS p WHERE p.id = ANY(p_ids) AND coalesce(p.tf = ANY(p_tfs), true);
    END IF;
    IF v_ids IS NULL THEN
        RETURN v_standing;
    END IF;
    RETURN ARRAY(
        SELECT ROW(
            s.id, s.ema_group, s.tfs, s.periods, s.n_rows, s.first_ts, s.last_ts, s.series, s.dirty_from,
            s.hidden_from, q.pending_from, q.has_other_periods)::emas_standing
        FROM unnest(v_standing) AS s
        LEFT JOIN (
            SELECT
                p.id, p.ema_group, min(p.dirty_from) AS pending_from, bool_or(p.is_other) AS has_other_periods
            FROM unnest(v_ids, v_groups, v_from, v_others) AS p (id, ema_group, dirty_from, is_other)
            GROUP BY p.id, p.ema_group
        ) AS q ON q.id = s.id AND q.ema_group = s.ema_group);
END;
$$;
