-- audit_bars_1d: audit the validated days.
--   p_ids   asset ids; NULL: all
-- Returns   findings of the four audit_bars_1d_.. functions; no error and no warning: healthy.
-- Errors    none.   Cost  a few passes over the days.
-- Rule      audits only read; at most one finding per check, id and tf.
CREATE OR REPLACE FUNCTION audit_bars_1d(p_ids int[] DEFAULT NULL)
RETURNS TABLE ("check" text, severity text, id int, tf text, period int, ts timestamptz, detail jsonb)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
BEGIN
    RETURN QUERY
    SELECT * FROM audit_bars_1d_source(p_ids)
    UNION ALL
    SELECT * FROM audit_bars_1d_rows(p_ids)
    UNION ALL
    SELECT * FROM audit_bars_1d_order(p_ids)
    UNION ALL
    SELECT * FROM audit_bars_1d_gaps(p_ids);
END;
$$;
