-- The alphas of a timeframe as a walk takes them, in order of period; what ema_alpha says, kept beside it.
CREATE TABLE ema_alpha_vectors (
    tf text PRIMARY KEY REFERENCES dim_timeframe ON DELETE CASCADE,
    periods int[] NOT NULL,
    alpha_bar float8[] NOT NULL,
    -- Of a day inside a bar.
    alpha_inside float8[] NOT NULL
);
INSERT INTO ema_alpha_vectors (tf, periods, alpha_bar, alpha_inside)
SELECT
    a.tf, array_agg(a.period ORDER BY a.period), array_agg(a.alpha_bar ORDER BY a.period),
    array_agg(CASE WHEN t.allow_partial_start THEN a.alpha_equiv ELSE a.alpha_day END ORDER BY a.period)
FROM ema_alpha AS a INNER JOIN dim_timeframe AS t ON t.tf = a.tf
GROUP BY a.tf;

DO $do$
DECLARE
    v_table regclass;
BEGIN
    -- A cluster's reference tables have no triggers; there the driver calls sync_ema_alpha.
    IF NOT EXISTS (SELECT 1 FROM pg_extension AS e WHERE e.extname = 'citus') THEN
        CREATE TRIGGER ema_alpha_vectors_insert AFTER INSERT ON ema_alpha
        REFERENCING NEW TABLE AS touched
        FOR EACH STATEMENT EXECUTE FUNCTION keep_alpha_vectors();
        CREATE TRIGGER ema_alpha_vectors_update AFTER UPDATE ON ema_alpha
        REFERENCING NEW TABLE AS touched
        FOR EACH STATEMENT EXECUTE FUNCTION keep_alpha_vectors();
        CREATE TRIGGER ema_alpha_vectors_delete AFTER DELETE ON ema_alpha
        REFERENCING OLD TABLE AS touched
        FOR EACH STATEMENT EXECUTE FUNCTION keep_alpha_vectors();
    END IF;
    -- A day changes the newest bar and vector of every timeframe where they stand, if their page has room.
    FOR v_table IN
        SELECT c.oid FROM pg_class AS c
        WHERE
            c.relkind = 'r' AND c.relnamespace = quote_ident(current_schema())::regnamespace
            AND (c.relname IN ('bars', 'emas') OR c.oid IN (
                SELECT i.inhrelid FROM pg_inherits AS i
                WHERE i.inhparent IN ('bars'::regclass, 'emas'::regclass)))
    LOOP
        EXECUTE format('ALTER TABLE %s SET (fillfactor = 85)', v_table);
    END LOOP;
END;
$do$;
