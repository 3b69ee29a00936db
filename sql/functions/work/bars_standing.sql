-- bars_standing: the states of the bars of some assets, and what waits for them.
--   p_days    an element per asset: how its validated days stand; several only where a query may ask for them
--             at once
--   p_tfs     count as pending only these timeframes (NULL: all)
-- Returns   an element per asset and group that was built: the columns of its state, dirty_from (the earliest
--           day that it waits for), pending_from (the earliest that timeframes left behind by a partial
--           refresh wait for), waiting: all of those, changed_days: days of the calendar that changed under
--           the bars.
-- Errors    none.   Cost  an index probe per asset and table.
-- Rule      one asset by its name, so that its partition or its node is asked and no other. What waits says
--           bars_waiting; it needn't be asked where nothing is marked and one day is new, or none.
--           Long, since one and several are asked in statements of their own.
CREATE OR REPLACE FUNCTION bars_standing(p_days day_facts[], p_tfs text[])
RETURNS bars_standing[]
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
-- Few rows are found by their keys; who asks joins what comes of it otherwise.
SET enable_nestloop = on
AS $$
DECLARE
    v_only int := CASE WHEN cardinality(p_days) = 1 THEN (p_days[1]).id END;
    v_ids int[] := ARRAY(SELECT d.id FROM unnest(p_days) AS d);
    v_rows int := (p_days[1]).n_rows;
    v_last timestamptz := (p_days[1]).last_ts;
    v_standing bars_standing[];
    v_marked int[];
    v_versions int[];
    v_asked int[];
    v_groups text[];
    v_tfs text[];
    v_from timestamptz[];
    v_day_ids int[];
    v_day_groups text[];
    v_days date[];
BEGIN
    IF v_only IS NOT NULL THEN
        -- Not assigned: the variable would go to the node as a parameter, whose type is unknown there.
        SELECT coalesce(array_agg(ROW(
                s.id, s.bar_group, s.tz, s.calendar, s.tfs, s.n_rows, s.first_ts, s.last_ts,
                CASE WHEN s.n_rows + 1 = v_rows AND s.last_ts < v_last THEN v_last END,
                NULL, NULL, NULL, s.marks_read)::bars_standing), '{}')
        INTO v_standing
        FROM bars_state AS s WHERE s.id = v_only;
        -- As bar_marks has them.
        SELECT array_agg(m.id), array_agg(m.version) INTO v_marked, v_versions
        FROM marks AS m WHERE m.id = v_only AND m.output = '1d';
        SELECT coalesce(array_agg(p.id), '{}') INTO v_asked FROM bars_pending AS p WHERE p.id = v_only;
    ELSE
        v_standing := ARRAY(
            SELECT ROW(
                s.id, s.bar_group, s.tz, s.calendar, s.tfs, s.n_rows, s.first_ts, s.last_ts,
                CASE WHEN s.n_rows + 1 = d.n_rows AND s.last_ts < d.last_ts THEN d.last_ts END,
                NULL, NULL, NULL, s.marks_read)::bars_standing
            FROM bars_state AS s
            INNER JOIN unnest(p_days) AS d ON d.id = s.id
            WHERE s.id = ANY(v_ids));
        SELECT array_agg(m.id), array_agg(m.version) INTO v_marked, v_versions
        FROM bar_marks AS m WHERE m.id = ANY(v_ids);
        v_asked := ARRAY(SELECT p.id FROM bars_pending AS p WHERE p.id = ANY(v_ids));
    END IF;
    -- Asked is for an asset with days or marks that its states haven't read.
    IF v_marked IS NOT NULL OR EXISTS (
        SELECT 1 FROM unnest(v_standing) AS s WHERE v_only IS NULL OR s.n_rows + 1 < v_rows)
    THEN
        v_asked := v_asked || ARRAY(
            SELECT s.id FROM unnest(v_standing) AS s
            INNER JOIN unnest(p_days) AS d ON d.id = s.id
            WHERE s.n_rows + 1 < d.n_rows OR EXISTS (
                SELECT 1 FROM unnest(v_marked, v_versions) AS m (id, version)
                WHERE m.id = s.id AND m.version > s.marks_read));
    END IF;
    IF v_asked = '{}' AND NOT EXISTS (SELECT 1 FROM unnest(v_standing) AS s WHERE s.calendar IS NOT NULL) THEN
        RETURN v_standing;
    END IF;

    IF v_only IS NOT NULL THEN
        SELECT array_agg(w.id), array_agg(w.bar_group), array_agg(w.tf), array_agg(w.dirty_from)
        INTO v_asked, v_groups, v_tfs, v_from
        FROM bars_waiting_of(v_only) AS w;
        SELECT array_agg(c.id), array_agg(c.bar_group), array_agg(u.day)
        INTO v_day_ids, v_day_groups, v_days
        FROM calendar_days_due AS c CROSS JOIN LATERAL unnest(c.days) AS u (day)
        WHERE c.id = v_only;
    ELSE
        SELECT array_agg(w.id), array_agg(w.bar_group), array_agg(w.tf), array_agg(w.dirty_from)
        INTO v_asked, v_groups, v_tfs, v_from
        FROM (
            SELECT g.id, g.bar_group, NULL::text AS tf, g.dirty_from
            FROM bars_waiting AS g WHERE g.id = ANY(v_asked)
            UNION ALL
            SELECT l.id, l.bar_group, l.tf, l.dirty_from FROM bars_left_behind AS l WHERE l.id = ANY(v_asked)
        ) AS w;
        SELECT array_agg(c.id), array_agg(c.bar_group), array_agg(u.day)
        INTO v_day_ids, v_day_groups, v_days
        FROM calendar_days_due AS c CROSS JOIN LATERAL unnest(c.days) AS u (day)
        WHERE c.id = ANY(v_ids);
    END IF;
    RETURN ARRAY(
        SELECT ROW(
            s.id, s.bar_group, s.tz, s.calendar, s.tfs, s.n_rows, s.first_ts, s.last_ts,
            coalesce(q.dirty_from, s.dirty_from), q.pending_from, q.waiting, c.days, s.marks_read
        )::bars_standing
        FROM unnest(v_standing) AS s
        LEFT JOIN (
            SELECT
                w.id, w.bar_group, min(w.dirty_from) FILTER (WHERE w.tf IS NULL) AS dirty_from,
                array_agg(w.tf) FILTER (WHERE w.tf IS NOT NULL) AS waiting,
                min(w.dirty_from) FILTER (WHERE w.tf IS NOT NULL AND (p_tfs IS NULL OR w.tf = ANY(p_tfs)))
                AS pending_from
            FROM unnest(v_asked, v_groups, v_tfs, v_from) AS w (id, bar_group, tf, dirty_from)
            GROUP BY w.id, w.bar_group
        ) AS q ON q.id = s.id AND q.bar_group = s.bar_group
        LEFT JOIN (
            SELECT d.id, d.bar_group, array_agg(d.day ORDER BY d.day) AS days
            FROM unnest(v_day_ids, v_day_groups, v_days) AS d (id, bar_group, day)
            GROUP BY d.id, d.bar_group
        ) AS c ON c.id = s.id AND c.bar_group = s.bar_group);
END;
$$;
