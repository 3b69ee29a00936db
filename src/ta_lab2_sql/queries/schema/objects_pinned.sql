-- Functions that a table, an index or a trigger needs stay where they are, and so does what they are made of.
WITH RECURSIVE pinned AS (
    SELECT refobjid AS oid FROM pg_depend
    WHERE refclassid = 'pg_proc'::regclass AND deptype IN ('n', 'a') AND (
        classid IN ('pg_attrdef'::regclass, 'pg_constraint'::regclass, 'pg_trigger'::regclass)
        OR (classid = 'pg_class'::regclass
            AND EXISTS (
                SELECT 1 FROM pg_class WHERE pg_class.oid = objid AND relkind IN ('r', 'p', 'i', 'I'))))
    UNION
    SELECT d.refobjid FROM pg_depend AS d JOIN pinned ON d.objid = pinned.oid
    WHERE d.classid = 'pg_proc'::regclass AND d.refclassid = 'pg_proc'::regclass AND d.deptype = 'n'
)
SELECT 'ROUTINE ' || oid::regprocedure::text FROM pinned
