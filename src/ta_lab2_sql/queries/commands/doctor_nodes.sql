-- What each node of a Citus cluster says of itself: facts is NULL for one that doesn't answer. zones: what
-- the clocks of our assets have shown and will show, as one hash.
SELECT
    n.nodename || ':' || n.nodeport AS node,
    n.groupid = 0 AS is_coordinator,
    CASE WHEN r.success THEN r.result::jsonb END AS facts,
    r.result AS told
FROM run_command_on_all_nodes(
    format(
        $command$
        SELECT jsonb_build_object(
            'server', current_setting('server_version'),
            'jit', current_setting('jit'),
            'extension', (SELECT e.extversion FROM pg_extension AS e WHERE e.extname = 'citus'),
            'zones', (
                SELECT md5(string_agg((s.stamp AT TIME ZONE z.name)::text, ',' ORDER BY z.name, s.stamp))
                FROM unnest(%%L::text[]) AS z (name)
                CROSS JOIN generate_series(
                    timestamptz '1980-01-01 00:00+00', timestamptz '2040-01-01 00:00+00', interval '7 days'
                ) AS s (stamp)))
        $command$,
        (SELECT array_agg(DISTINCT coalesce(a.tz, 'America/New_York')) || ARRAY['America/New_York']
         FROM assets AS a)),
    give_warning_for_connection_errors => true) AS r
INNER JOIN pg_dist_node AS n ON n.nodeid = r.nodeid
ORDER BY n.groupid
