-- audit_shared: what is no asset's own: triggers, alphas, lengths, and which assets stay behind others.
--   p_ids      assets that are asked about; NULL: all
--   p_checks   names of checks; NULL: all
-- Returns   findings: raw_triggers_off (error, for no asset; an info on Citus, where distributed tables have
--           no triggers), ema_alpha, ema_tf_days (error, for no asset), stale_asset (info; more than 3 days,
--           or sessions of its calendar, behind the newest day of any asset).
-- Errors    none.   Cost  the catalogue, and the keys of all validated days.
-- Rule      a change that nobody noted reaches the bars only by the look-back, so all four triggers must
--           fire.
CREATE OR REPLACE FUNCTION audit_shared(p_ids int[] DEFAULT NULL, p_checks text[] DEFAULT NULL)
RETURNS SETOF finding
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
SET timezone = 'UTC'
AS $$
BEGIN
    IF p_checks IS NULL OR 'raw_triggers_off' = ANY(p_checks) THEN
        RETURN QUERY
        SELECT
            'raw_triggers_off',
            CASE WHEN is_cluster() THEN 'info' ELSE 'error' END,
            NULL::int, NULL::text, NULL::int, NULL::timestamptz,
            jsonb_build_object('triggers', jsonb_agg(w.name ORDER BY w.name))
        FROM unnest(ARRAY[
            'raw_changes_delete', 'raw_changes_insert', 'raw_changes_truncate', 'raw_changes_update'])
            AS w (name)
        WHERE NOT EXISTS (
            SELECT 1 FROM pg_trigger AS t
            WHERE t.tgrelid = 'cmc_price_histories7'::regclass AND t.tgname = w.name
                AND t.tgenabled IN ('O', 'A'))
        HAVING count(*) > 0;
    END IF;
    IF p_checks IS NULL OR 'ema_alpha' = ANY(p_checks) THEN
        RETURN QUERY
        SELECT
            'ema_alpha', 'error', NULL::int, w.tf, w.period, NULL::timestamptz,
            jsonb_build_object('column', min(w.name), 'expected', (array_agg(w.expected ORDER BY w.name))[1],
                'actual', (array_agg(w.actual ORDER BY w.name))[1])
        FROM wrong_alphas() AS w
        GROUP BY w.tf, w.period;
    END IF;
    IF p_checks IS NULL OR 'ema_tf_days' = ANY(p_checks) THEN
        RETURN QUERY
        SELECT
            'ema_tf_days', 'error', NULL::int, t.tf, NULL::int, NULL::timestamptz,
            jsonb_build_object('values', jsonb_agg(DISTINCT v.days))
        -- OFFSET 0: a name is taken apart once, not for each period.
        FROM (
            SELECT x.tf, x.tf_days_nominal, timeframe_nominal_days(x.tf) AS days
            FROM dim_timeframe AS x OFFSET 0
        ) AS t
        LEFT JOIN ema_alpha AS a ON a.tf = t.tf
        CROSS JOIN LATERAL (VALUES (t.tf_days_nominal), (a.tf_days)) AS v (days)
        WHERE v.days <> t.days
        GROUP BY t.tf;
    END IF;
    IF p_checks IS NULL OR 'stale_asset' = ANY(p_checks) THEN
        RETURN QUERY SELECT f.* FROM stale_assets(p_ids) AS f;
    END IF;
END;
$$;
