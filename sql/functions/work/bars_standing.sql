-- bars_standing: the states of the bars of some assets, and what waits for them.
--   p_ids     assets; several only where a query may ask for them at once
--   p_tfs     count as pending only these timeframes (NULL: all)
-- Returns   an element per asset and group that was built: the columns of its state, pending_from (the
--           earliest day that timeframes left behind by a partial refresh wait for), waiting: all of those,
--           changed_days: days of the calendar that changed under the bars.
-- Errors    none.   Cost  an index probe per asset and table.
-- Rule      one asset by its name, so that its partition or its node is asked and no other.
CREATE OR REPLACE FUNCTION bars_standing(p_ids int[], p_tfs text[])
RETURNS bars_standing[]
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
DECLARE
    v_only int := CASE WHEN cardinality(p_ids) = 1 THEN p_ids[1] END;
    v_standing bars_standing[];
    v_ids int[];
    v_groups text[];
    v_tfs text[];
    v_from timestamptz[];
    v_day_ids int[] := '{}';
    v_day_groups text[] := '{}';
    v_days date[] := '{}';
BEGIN
    IF v_only IS NOT NULL THEN
        v_standing := ARRAY(
            SELECT ROW(
                s.id, s.bar_group, s.tz, s.calendar, s.tfs, s.n_rows, s.first_ts, s.last_ts, s.dirty_from,
                NULL, NULL, NULL)::bars_standing
            FROM bars_state AS s WHERE s.id = v_only);
        SELECT array_agg(p.id), array_agg(p.bar_group), array_agg(p.tf), array_agg(p.dirty_from)
        INTO v_ids, v_groups, v_tfs, v_from
        FROM bars_pending AS p WHERE p.id = v_only;
    ELSE
        v_standing := ARRAY(
            SELECT ROW(
                s.id, s.bar_group, s.tz, s.calendar, s.tfs, s.n_rows, s.first_ts, s.last_ts, s.dirty_from,
                NULL, NULL, NULL)::bars_standing
            FROM bars_state AS s WHERE s.id = ANY(p_ids));
        SELECT array_agg(p.id), array_agg(p.bar_group), array_agg(p.tf), array_agg(p.dirty_from)
        INTO v_ids, v_groups, v_tfs, v_from
        FROM bars_pending AS p WHERE p.id = ANY(p_ids);
    END IF;
    IF EXISTS (SELECT 1 FROM unnest(v_standing) AS s WHERE s.calendar IS NOT NULL) THEN
        IF v_only IS NOT NULL THEN
            SELECT array_agg(c.id), array_agg(c.bar_group), array_agg(u.day)
            INTO v_day_ids, v_day_groups, v_days
            FROM calendar_days_due AS c CROSS JOIN LATERAL unnest(c.days) AS u (day)
            WHERE c.id = v_only;
        ELSE
            SELECT array_agg(c.id), array_agg(c.bar_group), array_agg(u.day)
            INTO v_day_ids, v_day_groups, v_days
            FROM calendar_days_due AS c CROSS JOIN LATERAL unnest(c.days) AS u (day)
            WHERE c.id = ANY(p_ids);
        END IF;
    END IF;
    IF v_ids IS NULL AND coalesce(v_days, '{}') = '{}' THEN
        RETURN v_standing;
    END IF;
    RETURN ARRAY(
        SELECT ROW(
            s.id, s.bar_group, s.tz, s.calendar, s.tfs, s.n_rows, s.first_ts, s.last_ts, s.dirty_from,
            q.pending_from, q.waiting, c.days)::bars_standing
        FROM unnest(v_standing) AS s
        LEFT JOIN (
            SELECT
                p.id, p.bar_group, array_agg(p.tf) AS waiting,
                min(p.dirty_from) FILTER (WHERE p_tfs IS NULL OR p.tf = ANY(p_tfs)) AS pending_from
            FROM unnest(v_ids, v_groups, v_tfs, v_from) AS p (id, bar_group, tf, dirty_from)
            GROUP BY p.id, p.bar_group
        ) AS q ON q.id = s.id AND q.bar_group = s.bar_group
        LEFT JOIN (
            SELECT d.id, d.bar_group, array_agg(d.day ORDER BY d.day) AS days
            FROM unnest(v_day_ids, v_day_groups, v_days) AS d (id, bar_group, day)
            GROUP BY d.id, d.bar_group
        ) AS c ON c.id = s.id AND c.bar_group = s.bar_group);
END;
$$;
