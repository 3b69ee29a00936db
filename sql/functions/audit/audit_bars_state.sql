-- audit_bars_state: do the states of days and bars agree with what is stored?
--   p_id           asset id
--   p_timeframes   what was built, as timeframes_built knows it; NULL: it is asked for
-- Returns   findings: state_differs (error; the columns that disagree, with tf where one timeframe does),
--           bars_behind (warning; what waits for a refresh of bars, with tf where one timeframe does),
--           zone_mixed, calendar_mixed (error).
-- Errors    none.   Cost  the states, and the ends of days and bars; with a calendar one pass over the days.
-- Rule      a state counts all days of its asset, and its newest bar ends with the last of them; what waits
--           for a refresh isn't judged. Days and all bars of an asset are of one zone. On a calendar a state
--           knows which sessions lack a row and which rows lie on none. A version that brought nothing that
--           concerns the asset needn't be taken up.
CREATE OR REPLACE FUNCTION audit_bars_state(p_id int, p_timeframes jsonb DEFAULT NULL)
RETURNS SETOF finding
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
DECLARE
    v_of asset_sessions := sessions_of_asset(p_id);
    v_is_pending boolean := calendar_pending(p_id);
    v_waiting text[];
    v_since timestamptz[];
    v_days record;
    v_state record;
    v_newest_raw timestamptz;
    v_notes bigint;
    v_tfs text[];
    v_groups text[];
BEGIN
    SELECT coalesce(array_agg(w.bar_group), '{}'), array_agg(w.dirty_from) INTO v_waiting, v_since
    FROM bars_waiting AS w WHERE w.id = p_id;
    SELECT min(d."timestamp") AS first_ts, max(d."timestamp") AS last_ts, count(*) AS n_rows,
        (array_agg(d.day ORDER BY d."timestamp"))[1] AS first_day
    INTO v_days
    FROM cmc_price_bars_1d AS d WHERE d.id = p_id;
    SELECT count(*) AS n, max(s.tz) AS tz, max(s.last_src_ts) AS last_src_ts INTO v_state
    FROM cmc_price_bars_1d_state AS s WHERE s.id = p_id;
    SELECT max(h."timestamp") INTO v_newest_raw FROM cmc_price_histories7 AS h WHERE h.id = p_id;
    SELECT count(*) INTO v_notes FROM raw_changes AS r WHERE r.id = p_id;
    SELECT array_agg(t.tf), array_agg(t.bar_group) INTO v_tfs, v_groups
    FROM dim_timeframe AS t WHERE t.tf <> '1D';
    RETURN QUERY
    WITH differing AS (
        SELECT NULL::text AS tf, s.bar_group AS family, v.name AS column_name
        FROM stored_bar_states(p_id) AS s
        CROSS JOIN LATERAL (VALUES
            ('daily_min_seen', bits_differ(s.first_ts, v_days.first_ts)),
            ('daily_max_seen', bits_differ(s.last_ts, v_days.last_ts)),
            ('first_day', bits_differ(s.first_day, v_days.first_day)),
            ('n_rows', s.n_rows <> v_days.n_rows),
            ('missing_days', NOT v_is_pending AND bits_differ(s.missing_days, (v_of).missing_days)),
            ('extra_days', NOT v_is_pending AND bits_differ(s.extra_days, (v_of).extra_days)),
            ('session_before', NOT v_is_pending AND s.calendar_version IS NOT DISTINCT FROM (v_of).version
                AND bits_differ(s.session_before, (v_of).session_before)),
            ('calendar_version', NOT v_is_pending AND (
                (s.calendar_version IS NULL) <> (s.calendar IS NULL) OR s.calendar_version > (v_of).version))
        ) AS v (name, differs)
        WHERE s.bar_group <> ALL(v_waiting) AND v.differs
        UNION ALL
        SELECT n.tf, t.bar_group, CASE WHEN b.tf IS NULL THEN 'state' ELSE 'last_time_close' END
        FROM newest_closes(p_id) AS n
        INNER JOIN unnest(v_tfs, v_groups) AS t (tf, bar_group) ON t.tf = n.tf
        LEFT JOIN timeframes_built(p_id, p_timeframes) AS b ON b.tf = n.tf
        WHERE b.tf IS NULL OR (b.settled AND n.time_close <> v_days.last_ts)
        UNION ALL
        -- The state of the days themselves: the newest raw row was examined.
        SELECT '1D', '1d', 'last_src_ts'
        WHERE
            (v_days.n_rows > 0 OR v_state.n > 0) AND v_notes = 0
            AND bits_differ(v_state.last_src_ts, v_newest_raw)
    )
    SELECT
        'state_differs', 'error', p_id, d.tf, NULL::int, NULL::timestamptz,
        jsonb_build_object('columns', jsonb_agg(DISTINCT d.column_name),
            'families', jsonb_agg(DISTINCT d.family))
    FROM differing AS d
    GROUP BY d.tf;
    RETURN QUERY SELECT b.* FROM bars_behind(p_id, v_waiting, v_since) AS b;
    RETURN QUERY
    SELECT
        'zone_mixed', 'error', p_id, NULL::text, NULL::int, NULL::timestamptz,
        jsonb_build_object('zones', jsonb_agg(DISTINCT z.tz))
    FROM (
        SELECT s.tz FROM stored_bar_states(p_id) AS s
        UNION ALL
        SELECT v_state.tz WHERE v_state.n > 0
    ) AS z
    HAVING count(DISTINCT z.tz) > 1;
    RETURN QUERY
    SELECT
        'calendar_mixed', 'error', p_id, NULL::text, NULL::int, NULL::timestamptz,
        jsonb_build_object('calendars', jsonb_agg(DISTINCT coalesce(s.calendar, 'none')))
    FROM stored_bar_states(p_id) AS s
    WHERE s.bar_group <> ALL(v_waiting)
    HAVING count(DISTINCT coalesce(s.calendar, 'none')) > 1;
END;
$$;
