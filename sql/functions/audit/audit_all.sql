-- audit_all: audit some assets, and what is no asset's own; errors first.
--   p_ids      asset ids; NULL: all
--   p_checks   names of checks; NULL: all but those that read every row of the long relations
-- Returns   findings: check, severity (error, warning, info), id, tf, period, ts of the first offence,
--           detail. No error and no warning: healthy.
-- Errors    none.   Cost  about that of one full build of bars and EMAs.
-- Rule      audits only read; audit_checks lists them.
CREATE OR REPLACE FUNCTION audit_all(p_ids int[] DEFAULT NULL, p_checks text[] DEFAULT NULL)
RETURNS SETOF finding
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
BEGIN
    RETURN QUERY
    SELECT f.* FROM (
        SELECT s.* FROM audit_shared(p_ids, p_checks) AS s
        UNION ALL
        SELECT x.*
        FROM unnest(coalesce(p_ids, ARRAY(SELECT k.id FROM asset_ids() AS k (id)))) AS a (id)
        CROSS JOIN LATERAL audit_asset(a.id, p_checks) AS x
    ) AS f
    ORDER BY
        array_position(ARRAY['error', 'warning', 'info'], f.severity), f.id, f."check", f.tf, f.period,
        f.detail ->> 'variant';
END;
$$;
