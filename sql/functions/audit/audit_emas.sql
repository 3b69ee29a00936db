-- audit_emas: audit the EMAs of all variants.
--   p_ids   asset ids; NULL: all
-- Returns   findings of the checks of stage emas; no error and no warning: healthy.
-- Errors    none.   Cost  that of the audits that make them.
-- Rule      as audit_all.
CREATE OR REPLACE FUNCTION audit_emas(p_ids int[] DEFAULT NULL)
RETURNS SETOF finding
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
BEGIN
    RETURN QUERY
    SELECT f.* FROM audit_all(
        p_ids, ARRAY(SELECT c."check" FROM audit_checks() AS c WHERE c.stage = 'emas')) AS f;
END;
$$;
