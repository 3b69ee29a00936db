-- audit_asset: audit one asset.
--   p_id       asset id
--   p_checks   names of checks (audit_checks); NULL: all but those that read every row of the long relations
-- Returns   findings: check, severity (error, warning, info), id, tf, period, ts of the first offence,
--           detail. No error and no warning: healthy.
-- Errors    none.   Cost  about that of a full build of the asset's bars and EMAs.
-- Rule      audits only read; each is made once, however many of its checks are asked for. Findings that tell
--           days count without accepted ones; others are left out when the day of their first offence is
--           accepted. What is no asset's own is a matter of audit_shared.
CREATE OR REPLACE FUNCTION audit_asset(p_id int, p_checks text[] DEFAULT NULL)
RETURNS SETOF finding
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
SET timezone = 'UTC'
SET jit = off
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    v_accepted jsonb := accepted_days(p_id);
    v_audit text;
    v_found finding;
    v_day date;
BEGIN
    FOR v_audit IN
        SELECT c.audit FROM audit_checks() AS c
        WHERE c.audit <> 'audit_shared' AND coalesce(c."check" = ANY(p_checks), c.stage <> 'rows')
        GROUP BY c.audit
        ORDER BY c.audit
    LOOP
        FOR v_found IN EXECUTE format('SELECT * FROM %I($1)', v_audit) USING p_id LOOP
            CONTINUE WHEN v_found."check" <> ALL(p_checks);
            IF v_accepted IS NOT NULL AND NOT v_found.detail ? 'first' THEN
                v_day := (
                    SELECT d.day FROM cmc_price_bars_1d AS d
                    WHERE d.id = p_id AND d."timestamp" = v_found.ts);
                CONTINUE WHEN NOT is_told(
                    v_accepted, v_found."check", v_found.severity, coalesce(v_day, v_found.ts::date));
            END IF;
            RETURN NEXT v_found;
        END LOOP;
    END LOOP;
END;
$$;
