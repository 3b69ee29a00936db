-- audit_bars_state: do the states of days and bars agree with what is stored?
--   p_id   asset id
-- Returns   findings: state_differs (error; the columns that disagree, with tf where one timeframe does),
--           bars_behind (warning; what waits for a refresh of bars, with tf where one timeframe does),
--           zone_mixed, calendar_mixed (error).
-- Errors    none.   Cost  the states, and the ends of days and bars; with a calendar one pass over the days.
-- Rule      a state counts all days of its asset, and its newest bar ends with the last of them; what waits
--           for a refresh isn't judged. Days and all bars of an asset are of one zone. On a calendar a state
--           knows which sessions lack a row and which rows lie on none. A version that brought nothing that
--           concerns the asset needn't be taken up.
CREATE OR REPLACE FUNCTION audit_bars_state(p_id int)
RETURNS SETOF finding
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
DECLARE
    v_of asset_sessions := sessions_of_asset(p_id);
    v_is_pending boolean := calendar_pending(p_id);
    v_waiting text[] := ARRAY(SELECT w.bar_group FROM bars_waiting AS w WHERE w.id = p_id);
BEGIN
    RETURN QUERY
    WITH reach AS MATERIALIZED (
        SELECT min(d."timestamp") AS first_ts, max(d."timestamp") AS last_ts, count(*) AS n_rows,
            (array_agg(d.day ORDER BY d."timestamp"))[1] AS first_day
        FROM cmc_price_bars_1d AS d WHERE d.id = p_id
    ),
    differing AS (
        SELECT NULL::text AS tf, s.bar_group AS family, v.name AS column_name
        FROM bars_state AS s
        CROSS JOIN reach AS l
        CROSS JOIN LATERAL (VALUES
            ('daily_min_seen', bits_differ(s.first_ts, l.first_ts)),
            ('daily_max_seen', bits_differ(s.last_ts, l.last_ts)),
            ('first_day', bits_differ(s.first_day, l.first_day)),
            ('n_rows', s.n_rows <> l.n_rows),
            ('missing_days', NOT v_is_pending AND bits_differ(s.missing_days, (v_of).missing_days)),
            ('extra_days', NOT v_is_pending AND bits_differ(s.extra_days, (v_of).extra_days)),
            ('session_before', NOT v_is_pending AND s.calendar_version IS NOT DISTINCT FROM (v_of).version
                AND bits_differ(s.session_before, (v_of).session_before)),
            ('calendar_version', NOT v_is_pending AND (
                (s.calendar_version IS NULL) <> (s.calendar IS NULL) OR s.calendar_version > (v_of).version))
        ) AS v (name, differs)
        WHERE s.id = p_id AND s.tfs <> '{}' AND s.bar_group <> ALL(v_waiting) AND v.differs
        UNION ALL
        SELECT n.tf, t.bar_group, CASE WHEN b.id IS NULL THEN 'state' ELSE 'last_time_close' END
        FROM (
            SELECT DISTINCT ON (x.tf) x.tf, x.time_close FROM bars AS x
            WHERE x.id = p_id
            ORDER BY x.tf, x.bar_seq DESC
        ) AS n
        INNER JOIN dim_timeframe AS t ON t.tf = n.tf AND t.tf <> '1D'
        CROSS JOIN reach AS l
        LEFT JOIN built_timeframes AS b ON b.id = p_id AND b.tf = n.tf
        WHERE b.id IS NULL OR (b.settled AND n.time_close <> l.last_ts)
        UNION ALL
        -- The state of the days themselves: the newest raw row was examined.
        SELECT '1D', '1d', 'last_src_ts'
        FROM reach AS l
        LEFT JOIN cmc_price_bars_1d_state AS s ON s.id = p_id
        WHERE
            (l.n_rows > 0 OR s.id IS NOT NULL)
            AND NOT EXISTS (SELECT 1 FROM raw_changes AS r WHERE r.id = p_id)
            AND bits_differ(s.last_src_ts, (
                SELECT max(h."timestamp") FROM cmc_price_histories7 AS h WHERE h.id = p_id))
    )
    SELECT
        'state_differs', 'error', p_id, d.tf, NULL::int, NULL::timestamptz,
        jsonb_build_object('columns', jsonb_agg(DISTINCT d.column_name),
            'families', jsonb_agg(DISTINCT d.family))
    FROM differing AS d
    GROUP BY d.tf;
    RETURN QUERY
    SELECT
        'bars_behind', 'warning', p_id, w.tf, NULL::int, w.since,
        jsonb_build_object('since', w.since, 'n_rows', (
            SELECT count(*) FROM cmc_price_bars_1d AS d WHERE d.id = p_id AND d."timestamp" >= w.since
        ), 'families', w.families)
    FROM (
        SELECT NULL AS tf, min(q.dirty_from) AS since, jsonb_agg(s.bar_group ORDER BY s.bar_group) AS families
        FROM bars_state AS s
        LEFT JOIN bars_waiting AS q ON q.id = s.id AND q.bar_group = s.bar_group
        WHERE
            s.id = p_id AND s.tfs <> '{}'
            AND (q.id IS NOT NULL OR bits_differ(
                s.calendar, (SELECT a.calendar FROM assets AS a WHERE a.id = p_id)
            ) OR EXISTS (
                SELECT 1 FROM calendar_days_due AS c WHERE c.id = p_id AND c.bar_group = s.bar_group))
        HAVING count(*) > 0
        UNION ALL
        SELECT q.tf, q.dirty_from, jsonb_build_array(q.bar_group)
        FROM bars_left_behind AS q WHERE q.id = p_id
    ) AS w;
    RETURN QUERY
    SELECT
        'zone_mixed', 'error', p_id, NULL::text, NULL::int, NULL::timestamptz,
        jsonb_build_object('zones', jsonb_agg(DISTINCT z.tz))
    FROM (
        SELECT s.tz FROM bars_state AS s WHERE s.id = p_id AND s.tfs <> '{}'
        UNION ALL
        SELECT s.tz FROM cmc_price_bars_1d_state AS s WHERE s.id = p_id
    ) AS z
    HAVING count(DISTINCT z.tz) > 1;
    RETURN QUERY
    SELECT
        'calendar_mixed', 'error', p_id, NULL::text, NULL::int, NULL::timestamptz,
        jsonb_build_object('calendars', jsonb_agg(DISTINCT coalesce(s.calendar, 'none')))
    FROM bars_state AS s
    WHERE s.id = p_id AND s.tfs <> '{}' AND s.bar_group <> ALL(v_waiting)
    HAVING count(DISTINCT coalesce(s.calendar, 'none')) > 1;
END;
$$;
