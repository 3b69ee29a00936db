-- keep_alpha_vectors: trigger function of ema_alpha; the vectors follow what a statement touched.
-- Returns   NULL (ignored).   Errors  none.   Cost  that of sync_alpha_vectors for these timeframes.
-- Rule      only a convenience: sync_ema_alpha keeps them too.
CREATE OR REPLACE FUNCTION keep_alpha_vectors()
RETURNS trigger
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
DECLARE
    v_tfs text[] := ARRAY(SELECT DISTINCT u.tf FROM touched AS u);
BEGIN
    IF v_tfs <> '{}' THEN
        PERFORM sync_alpha_vectors(v_tfs);
    END IF;
    RETURN NULL;
END;
$$;
