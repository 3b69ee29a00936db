-- A run ended.
UPDATE runs SET
    finished_at = clock_timestamp(),
    outcome = %(outcome)s,
    assets = %(assets)s,
    changed = %(changed)s,
    failed = %(failed)s,
    work = %(work)s::jsonb,
    error = %(error)s
WHERE run_id = %(run_id)s
