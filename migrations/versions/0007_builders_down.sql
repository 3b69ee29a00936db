DROP TYPE computed_block;
DROP TYPE computed_vector;
DROP TYPE computed_bar;
DROP TYPE asset_sessions;
DROP TRIGGER IF EXISTS ema_alpha_vectors_insert ON ema_alpha;
DROP TRIGGER IF EXISTS ema_alpha_vectors_update ON ema_alpha;
DROP TRIGGER IF EXISTS ema_alpha_vectors_delete ON ema_alpha;
DROP TABLE ema_alpha_vectors;
DO $do$
DECLARE
    v_table regclass;
BEGIN
    FOR v_table IN
        SELECT c.oid FROM pg_class AS c
        WHERE
            c.relkind = 'r' AND c.relnamespace = quote_ident(current_schema())::regnamespace
            AND (c.relname IN ('bars', 'emas') OR c.oid IN (
                SELECT i.inhrelid FROM pg_inherits AS i
                WHERE i.inhparent IN ('bars'::regclass, 'emas'::regclass)))
    LOOP
        EXECUTE format('ALTER TABLE %s SET (fillfactor = 95)', v_table);
    END LOOP;
END;
$do$;
