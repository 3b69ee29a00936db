-- audit_raw: audit the raw days: notes of changes, triggers, rejects.
--   p_ids   asset ids; NULL: all
-- Returns   findings of audit_raw_notes and audit_raw_rows; no error and no warning: healthy.
-- Errors    none.   Cost  one pass over the raw days.
-- Rule      audits only read; at most one finding per check, id and tf, unless the check says otherwise.
CREATE OR REPLACE FUNCTION audit_raw(p_ids int[] DEFAULT NULL)
RETURNS TABLE ("check" text, severity text, id int, tf text, period int, ts timestamptz, detail jsonb)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
BEGIN
    RETURN QUERY
    SELECT * FROM audit_raw_notes(p_ids)
    UNION ALL
    SELECT * FROM audit_raw_rows(p_ids);
END;
$$;
