-- The last runs, newest first. One that says running but has no connection any more has died.
SELECT
    r.run_id,
    r.command,
    r.started_at,
    r.finished_at - r.started_at AS took,
    CASE
        WHEN r.outcome = 'running' AND NOT EXISTS (
            SELECT 1 FROM pg_stat_activity AS a
            WHERE a.pid = r.backend AND a.application_name LIKE 'ta-lab2%%') THEN 'died'
        ELSE r.outcome
    END AS outcome,
    r.assets,
    r.changed,
    r.failed,
    r.run_by,
    r.host,
    r.error
FROM runs AS r
ORDER BY r.run_id DESC
LIMIT %(count)s
