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
    -- Asked once, since bars and EMAs are judged by them again and again.
    v_timeframes jsonb;
    v_series jsonb;
    v_audit record;
    v_found finding;
    v_day date;
BEGIN
    FOR v_audit IN
        SELECT c.audit AS name, min(c.stage) AS stage FROM audit_checks() AS c
        WHERE c.audit <> 'audit_shared'
        GROUP BY c.audit
        HAVING bool_or(coalesce(c."check" = ANY(p_checks), c.stage <> 'rows'))
        ORDER BY c.audit
    LOOP
        IF v_audit.stage = 'bars' AND v_timeframes IS NULL THEN
            v_timeframes := (
                SELECT coalesce(jsonb_agg(to_jsonb(t)), '[]') FROM timeframes_built(p_id) AS t);
        ELSIF v_audit.stage = 'emas' AND v_series IS NULL THEN
            v_series := (SELECT coalesce(jsonb_agg(to_jsonb(s)), '[]') FROM series_built(p_id) AS s);
        END IF;
        FOR v_found IN EXECUTE format(
            CASE v_audit.stage
                WHEN 'bars' THEN 'SELECT * FROM %I($1, p_timeframes => $2)'
                WHEN 'emas' THEN 'SELECT * FROM %I($1, p_series => $3)'
                ELSE 'SELECT * FROM %I($1)'
            END, v_audit.name) USING p_id, v_timeframes, v_series
        LOOP
            CONTINUE WHEN v_found."check" <> ALL(p_checks);
            IF v_accepted IS NOT NULL AND NOT v_found.detail ? 'first' THEN
                SELECT d.day INTO v_day FROM cmc_price_bars_1d AS d
                WHERE d.id = p_id AND d."timestamp" = v_found.ts;
                CONTINUE WHEN NOT is_told(
                    v_accepted, v_found."check", v_found.severity, coalesce(v_day, v_found.ts::date));
            END IF;
            RETURN NEXT v_found;
        END LOOP;
    END LOOP;
END;
$$;
