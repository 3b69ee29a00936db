-- audit_bars: audit the bars of all families.
--   p_ids   asset ids; NULL: all
-- Returns   findings of the six audit_bars_.. functions and audit_blocks; no error and no warning: healthy.
-- Errors    none.   Cost  a recomputation of all bars and a few passes over them.
-- Rule      audits only read; at most one finding per check, id and tf, unless the check says otherwise.
CREATE OR REPLACE FUNCTION audit_bars(p_ids int[] DEFAULT NULL)
RETURNS TABLE ("check" text, severity text, id int, tf text, period int, ts timestamptz, detail jsonb)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
BEGIN
    RETURN QUERY
    SELECT * FROM audit_bars_coverage(p_ids)
    UNION ALL
    SELECT * FROM audit_bars_state(p_ids)
    UNION ALL
    SELECT * FROM audit_bars_rows(p_ids)
    UNION ALL
    SELECT * FROM audit_bars_values(p_ids)
    UNION ALL
    SELECT * FROM audit_bars_spacing(p_ids)
    UNION ALL
    SELECT * FROM audit_bars_content(p_ids)
    UNION ALL
    SELECT f.* FROM unnest(coalesce(p_ids, ARRAY(SELECT k.id FROM asset_ids() AS k (id)))) AS a (id)
    CROSS JOIN LATERAL audit_blocks(a.id) AS f;
END;
$$;
