-- bars_behind: which bars of an asset wait for a refresh.
--   p_id                 asset id
--   p_waiting, p_since   the rows of bars_waiting: groups, and since when they wait
-- Returns   findings: bars_behind (warning; since when, and how many days that are), one for the groups that
--           wait, and one with tf for each timeframe that a refresh of some left behind.
-- Errors    none.   Cost  the states; what waits, only where something does.
-- Rule      new and marked days, another calendar, and days of the calendar that changed under the bars.
CREATE OR REPLACE FUNCTION bars_behind(p_id int, p_waiting text[], p_since timestamptz[])
RETURNS SETOF finding
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
DECLARE
    v_calendar text;
    v_changed text[];
    v_pending bigint;
    v_left_tfs text[];
    v_left_groups text[];
    v_left_since timestamptz[];
BEGIN
    SELECT a.calendar INTO v_calendar FROM assets AS a WHERE a.id = p_id;
    IF EXISTS (SELECT 1 FROM stored_bar_states(p_id) AS s WHERE s.calendar IS NOT NULL) THEN
        SELECT array_agg(c.bar_group) INTO v_changed FROM calendar_days_due AS c WHERE c.id = p_id;
    END IF;
    SELECT count(*) INTO v_pending FROM bars_pending AS p WHERE p.id = p_id;
    IF v_pending > 0 THEN
        SELECT array_agg(q.tf), array_agg(q.bar_group), array_agg(q.dirty_from)
        INTO v_left_tfs, v_left_groups, v_left_since
        FROM bars_left_behind AS q WHERE q.id = p_id;
    END IF;
    RETURN QUERY
    SELECT
        'bars_behind', 'warning', p_id, w.tf, NULL::int, w.since,
        jsonb_build_object('since', w.since, 'n_rows', (
            SELECT count(*) FROM stored_days(p_id) AS d WHERE d."timestamp" >= w.since
        ), 'families', w.families)
    FROM (
        SELECT NULL AS tf, min(q.dirty_from) AS since, jsonb_agg(s.bar_group ORDER BY s.bar_group) AS families
        FROM stored_bar_states(p_id) AS s
        LEFT JOIN unnest(p_waiting, p_since) AS q (bar_group, dirty_from) ON q.bar_group = s.bar_group
        WHERE
            q.bar_group IS NOT NULL OR bits_differ(s.calendar, v_calendar)
            OR s.bar_group = ANY(v_changed)
        HAVING count(*) > 0
        UNION ALL
        SELECT q.tf, q.dirty_from, jsonb_build_array(q.bar_group)
        FROM unnest(v_left_tfs, v_left_groups, v_left_since) AS q (tf, bar_group, dirty_from)
    ) AS w;
END;
$$;
