-- audit_emas: audit the EMAs of all variants.
--   p_ids   asset ids; NULL: all
-- Returns   findings of audit_emas_state and audit_emas_vectors; no error and no warning: healthy.
-- Errors    none.   Cost  about that of a full build of the vectors.
-- Rule      audits only read; at most one finding per check, variant, id, tf and period. Long relations are
--           read by audit_emas_rows, which takes far longer.
CREATE OR REPLACE FUNCTION audit_emas(p_ids int[] DEFAULT NULL)
RETURNS TABLE ("check" text, severity text, id int, tf text, period int, ts timestamptz, detail jsonb)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
BEGIN
    RETURN QUERY
    SELECT * FROM audit_emas_state(p_ids)
    UNION ALL
    SELECT * FROM audit_emas_vectors(p_ids);
END;
$$;
