-- emas_standing: the states of the EMAs of some assets, and what waits for them.
--   p_days      an element per asset: how its validated days stand; several only where a query may ask for
--               them at once
--   p_tfs       count as pending only these timeframes (NULL: all)
--   p_periods   today's periods, ascending
-- Returns   an element per asset and group that was built: the columns of its state, dirty_from, hidden_from
--           (from when on vectors may differ, and what is shown of them), pending_from (the earliest day that
--           timeframes left behind by a partial refresh wait for), has_other_periods: one of those stands
--           with other periods than today's.
-- Errors    none.   Cost  an index probe per asset and table.
-- Rule      as bars_standing, from emas_waiting. Long, since one and several are asked in statements of their
--           own.
CREATE OR REPLACE FUNCTION emas_standing(p_days day_facts[], p_tfs text[], p_periods int[])
RETURNS emas_standing[]
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
DECLARE
    v_only int := CASE WHEN cardinality(p_days) = 1 THEN (p_days[1]).id END;
    v_ids int[] := ARRAY(SELECT d.id FROM unnest(p_days) AS d);
    v_rows int := (p_days[1]).n_rows;
    v_last timestamptz := (p_days[1]).last_ts;
    v_standing emas_standing[];
    v_marked int[];
    v_outputs text[];
    v_versions int[];
    v_asked int[];
    v_groups text[];
    v_tfs text[];
    v_from timestamptz[];
    v_hidden timestamptz[];
    v_others boolean[];
BEGIN
    IF v_only IS NOT NULL THEN
        -- Not assigned: the variable would go to the node as a parameter, whose type is unknown there.
        SELECT coalesce(array_agg(ROW(
                s.id, s.ema_group, s.tfs, s.periods, s.n_rows, s.first_ts, s.last_ts, s.series,
                CASE WHEN s.n_rows + 1 = v_rows AND s.last_ts < v_last THEN v_last END,
                NULL, NULL, NULL, s.marks_read, s.bar_group)::emas_standing), '{}')
        INTO v_standing
        FROM emas_state AS s WHERE s.id = v_only;
        -- As ema_marks has them.
        SELECT array_agg(m.id), array_agg(m.output), array_agg(m.version)
        INTO v_marked, v_outputs, v_versions
        FROM marks AS m
        WHERE m.id = v_only AND least(m.rows_from, m.close_from, m.closing_from) IS NOT NULL;
        SELECT coalesce(array_agg(p.id), '{}') INTO v_asked FROM emas_pending AS p WHERE p.id = v_only;
    ELSE
        v_standing := ARRAY(
            SELECT ROW(
                s.id, s.ema_group, s.tfs, s.periods, s.n_rows, s.first_ts, s.last_ts, s.series,
                CASE WHEN s.n_rows + 1 = d.n_rows AND s.last_ts < d.last_ts THEN d.last_ts END,
                NULL, NULL, NULL, s.marks_read, s.bar_group)::emas_standing
            FROM emas_state AS s
            INNER JOIN unnest(p_days) AS d ON d.id = s.id
            WHERE s.id = ANY(v_ids));
        SELECT array_agg(m.id), array_agg(m.output), array_agg(m.version)
        INTO v_marked, v_outputs, v_versions
        FROM ema_marks AS m WHERE m.id = ANY(v_ids);
        v_asked := ARRAY(SELECT p.id FROM emas_pending AS p WHERE p.id = ANY(v_ids));
    END IF;
    IF v_marked IS NOT NULL OR EXISTS (
        SELECT 1 FROM unnest(v_standing) AS s WHERE v_only IS NULL OR s.n_rows + 1 < v_rows)
    THEN
        v_asked := v_asked || ARRAY(
            SELECT s.id FROM unnest(v_standing) AS s
            INNER JOIN unnest(p_days) AS d ON d.id = s.id
            WHERE s.n_rows + 1 < d.n_rows OR EXISTS (
                SELECT 1 FROM unnest(v_marked, v_outputs, v_versions) AS m (id, output, version)
                WHERE m.id = s.id AND m.version > s.marks_read AND m.output IN ('1d', s.bar_group)));
    END IF;
    IF v_asked = '{}' THEN
        RETURN v_standing;
    END IF;

    IF v_only IS NOT NULL THEN
        SELECT
            array_agg(w.id), array_agg(w.ema_group), array_agg(w.tf), array_agg(w.dirty_from),
            array_agg(w.hidden_from), array_agg(w.periods <> p_periods)
        INTO v_asked, v_groups, v_tfs, v_from, v_hidden, v_others
        FROM emas_waiting_of(v_only) AS w;
    ELSE
        SELECT
            array_agg(w.id), array_agg(w.ema_group), array_agg(w.tf), array_agg(w.dirty_from),
            array_agg(w.hidden_from), array_agg(w.periods <> p_periods)
        INTO v_asked, v_groups, v_tfs, v_from, v_hidden, v_others
        FROM (
            SELECT g.id, g.ema_group, NULL::text AS tf, NULL::int[] AS periods, g.dirty_from, g.hidden_from
            FROM emas_waiting AS g WHERE g.id = ANY(v_asked)
            UNION ALL
            SELECT l.id, l.ema_group, l.tf, l.periods, l.dirty_from, l.hidden_from
            FROM emas_left_behind AS l WHERE l.id = ANY(v_asked)
        ) AS w;
    END IF;
    RETURN ARRAY(
        SELECT ROW(
            s.id, s.ema_group, s.tfs, s.periods, s.n_rows, s.first_ts, s.last_ts, s.series,
            coalesce(q.dirty_from, s.dirty_from), q.hidden_from, q.pending_from, q.has_other_periods,
            s.marks_read, s.bar_group)::emas_standing
        FROM unnest(v_standing) AS s
        LEFT JOIN (
            SELECT
                w.id, w.ema_group, min(w.dirty_from) FILTER (WHERE w.tf IS NULL) AS dirty_from,
                min(w.hidden_from) FILTER (WHERE w.tf IS NULL) AS hidden_from,
                min(w.dirty_from) FILTER (WHERE w.counts) AS pending_from,
                bool_or(w.is_other) FILTER (WHERE w.counts) AS has_other_periods
            FROM (
                SELECT u.*, u.tf IS NOT NULL AND coalesce(u.tf = ANY(p_tfs), true) AS counts
                FROM unnest(v_asked, v_groups, v_tfs, v_from, v_hidden, v_others)
                    AS u (id, ema_group, tf, dirty_from, hidden_from, is_other)
            ) AS w
            GROUP BY w.id, w.ema_group
        ) AS q ON q.id = s.id AND q.ema_group = s.ema_group);
END;
$$;
