-- A run begins.
INSERT INTO runs (command, options, host, version)
VALUES (%(command)s, %(options)s::jsonb, %(host)s, %(version)s)
RETURNING run_id
