-- What the file just applied has made: all that this transaction wrote and no other file claims.
INSERT INTO ta_lab2_objects (path, sha256, position, objects, applied_at)
SELECT
    {path}, {sha256}, {position},
    coalesce(array_agg(made.object ORDER BY made.oid), '{{}}'), now()
FROM (
    SELECT oid, 'ROUTINE ' || oid::regprocedure::text AS object FROM pg_proc
    WHERE pronamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema())
        AND xmin = pg_current_xact_id()::xid
    UNION ALL
    SELECT oid, 'VIEW ' || oid::regclass::text FROM pg_class
    WHERE relkind = 'v' AND relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema())
        AND xmin = pg_current_xact_id()::xid
) AS made
-- A list that is hashed once: compared file by file, hundreds of files cost seconds.
WHERE made.object NOT IN (
    SELECT unnest(other.objects) FROM ta_lab2_objects AS other WHERE other.path <> {path})
ON CONFLICT (path) DO UPDATE SET
    sha256 = excluded.sha256, position = excluded.position, objects = excluded.objects, applied_at = now();
