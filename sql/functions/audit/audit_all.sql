-- audit_all: every audit; errors first.
--   p_ids   asset ids; NULL: all
-- Returns   findings: check, severity (error, warning, info), id, tf, period, ts of the first offence,
--           detail. No error and no warning: healthy.
-- Errors    none.   Cost  about that of one full build of bars and EMAs.
-- Rule      audits only read; audit_checks lists them.
CREATE OR REPLACE FUNCTION audit_all(p_ids int[] DEFAULT NULL)
RETURNS TABLE ("check" text, severity text, id int, tf text, period int, ts timestamptz, detail jsonb)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT f.* FROM (
        SELECT * FROM audit_raw(p_ids)
        UNION ALL
        SELECT * FROM audit_bars_1d(p_ids)
        UNION ALL
        SELECT * FROM audit_bars(p_ids)
        UNION ALL
        SELECT * FROM audit_emas(p_ids)
    ) AS f
    ORDER BY array_position(ARRAY['error', 'warning', 'info'], f.severity), f.id, f."check", f.tf, f.period;
END;
$$;
