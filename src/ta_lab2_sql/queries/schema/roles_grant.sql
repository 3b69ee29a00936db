-- Nobody may run what writes unless told so; the reader and the runner may do their work where the schema
-- has let them in.
DO $roles$
DECLARE
    v_tables text[] := {tables};
    -- What the runner writes: all that is made of raw days, alphas, and the log.
    v_written text[] := {written};
    v_objects text[] := ARRAY(SELECT unnest(o.objects) FROM ta_lab2_objects AS o);
    v_let_in text[];
    v_name text;
    v_writes boolean;
    v_public boolean;
    v_relations text;
BEGIN
    SELECT coalesce(array_agg(r.rolname::text), '{{}}') INTO v_let_in
    FROM pg_namespace AS n
    CROSS JOIN LATERAL aclexplode(n.nspacl) AS a
    JOIN pg_roles AS r ON r.oid = a.grantee
    WHERE n.nspname = current_schema() AND a.privilege_type = 'USAGE'
        AND r.rolname IN ('ta_lab2_reader', 'ta_lab2_runner');

    FOR v_name, v_writes, v_public IN
        SELECT
            'ROUTINE ' || p.oid::regprocedure, p.provolatile = 'v' AND p.proname NOT LIKE 'raise\_%',
            p.proacl IS NULL OR EXISTS (SELECT 1 FROM aclexplode(p.proacl) AS a WHERE a.grantee = 0)
        FROM pg_proc AS p
        WHERE p.pronamespace = (SELECT n.oid FROM pg_namespace AS n WHERE n.nspname = current_schema())
            AND 'ROUTINE ' || p.oid::regprocedure = ANY(v_objects)
    LOOP
        IF v_writes AND v_public THEN
            EXECUTE format('REVOKE EXECUTE ON %s FROM PUBLIC', v_name);
        END IF;
        IF NOT v_writes AND 'ta_lab2_reader' = ANY(v_let_in) THEN
            EXECUTE format('GRANT EXECUTE ON %s TO ta_lab2_reader', v_name);
        END IF;
        IF 'ta_lab2_runner' = ANY(v_let_in) THEN
            EXECUTE format('GRANT EXECUTE ON %s TO ta_lab2_runner', v_name);
        END IF;
    END LOOP;

    SELECT string_agg(format('%I', c.relname), ', ') INTO v_relations
    FROM pg_class AS c
    WHERE c.relnamespace = (SELECT n.oid FROM pg_namespace AS n WHERE n.nspname = current_schema())
        AND (c.relname = ANY(v_tables) OR 'VIEW ' || c.oid::regclass = ANY(v_objects));
    FOREACH v_name IN ARRAY v_let_in LOOP
        EXECUTE format('GRANT SELECT ON %s TO %I', v_relations, v_name);
    END LOOP;
    IF 'ta_lab2_runner' = ANY(v_let_in) THEN
        SELECT string_agg(format('%I', t.name), ', ') INTO v_relations FROM unnest(v_written) AS t (name);
        EXECUTE format('GRANT INSERT, UPDATE, DELETE ON %s TO ta_lab2_runner', v_relations);
        GRANT INSERT ON ema_alpha TO ta_lab2_runner;
        GRANT INSERT, UPDATE, DELETE ON ema_alpha_vectors TO ta_lab2_runner;
        -- A refresh makes known the assets of rows that somebody inserted, notes another zone, and takes
        -- up what was edited in calendars.
        GRANT INSERT, UPDATE ON runs, assets, calendars_applied, calendar_changes TO ta_lab2_runner;
    END IF;
END;
$roles$;
