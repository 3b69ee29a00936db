-- What each of the files just applied has made: all that this transaction wrote before the file was recorded
-- and after the one before it, and no other file claims. Asked once for all: for each file it took half of a
-- migration.
WITH applied AS (
    SELECT o.path, o.cmin::text::bigint AS recorded FROM ta_lab2_objects AS o
    WHERE o.path = ANY (ARRAY[{paths}]::text[])
),
written AS (
    SELECT p.oid, p.cmin::text::bigint AS at, 'ROUTINE ' || p.oid::regprocedure::text AS object
    FROM pg_proc AS p
    WHERE p.pronamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema())
        AND p.xmin = pg_current_xact_id()::xid
    UNION ALL
    SELECT c.oid, c.cmin::text::bigint, 'VIEW ' || c.oid::regclass::text FROM pg_class AS c
    WHERE c.relkind = 'v'
        AND c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema())
        AND c.xmin = pg_current_xact_id()::xid
),
made AS (
    SELECT f.path, array_agg(w.object ORDER BY w.oid) AS objects
    FROM written AS w
    CROSS JOIN LATERAL (
        SELECT a.path FROM applied AS a WHERE a.recorded > w.at ORDER BY a.recorded LIMIT 1
    ) AS f
    WHERE w.object NOT IN (
        SELECT unnest(o.objects) FROM ta_lab2_objects AS o WHERE o.path <> ALL (ARRAY[{paths}]::text[]))
    GROUP BY f.path
)
UPDATE ta_lab2_objects AS o SET objects = coalesce(m.objects, '{{}}')
FROM applied AS a
LEFT JOIN made AS m ON m.path = a.path
WHERE o.path = a.path;
