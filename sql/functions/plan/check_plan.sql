-- check_plan: refuse arguments of refresh_plan that name nothing or contradict each other.
--   p_ids .. p_time_max   as in refresh_plan
-- Errors    TA001 unknown id, TA002 unknown stage, family, variant or timeframe, TA003 unknown period,
--           TA004 bad list, range or look-back, TA020 catalogue without 1D.
-- Cost      a few index probes per asset named, and the catalogue.
-- Rule      the same refusals as refresh_bars and refresh_emas make, before any work.
CREATE OR REPLACE FUNCTION check_plan(
    p_ids int[], p_stage text, p_families text[], p_variants text[], p_lookback_days int, p_tfs text[],
    p_periods int[], p_time_min timestamptz, p_time_max timestamptz)
RETURNS void
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
DECLARE
    v_families text[] := ARRAY['1d'] || ARRAY(
        SELECT f.family FROM (
            SELECT x.family, min(x.ordinal) AS first FROM taxonomy() AS x GROUP BY x.family) AS f
        ORDER BY f.first) || ARRAY['all'];
    v_variants text[] := ARRAY(
        SELECT v.variant FROM (
            SELECT x.variant, min(x.ordinal) AS first FROM taxonomy() AS x GROUP BY x.variant) AS v
        ORDER BY v.first) || ARRAY['all'];
    v_kind text;
    v_wrong text;
    v_names text[];
BEGIN
    SELECT w.kind, w.name, w.names INTO v_kind, v_wrong, v_names FROM (
        SELECT 'stage', coalesce(p_stage, 'NULL'), ARRAY['bars', 'emas', 'all']
        UNION ALL SELECT 'family', coalesce(f.f, 'NULL'), v_families FROM unnest(p_families) AS f (f)
        UNION ALL SELECT 'variant', coalesce(v.v, 'NULL'), v_variants FROM unnest(p_variants) AS v (v)
    ) AS w (kind, name, names)
    WHERE NOT w.name = ANY(w.names)
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION USING
            ERRCODE = 'TA002', MESSAGE = format('unknown %s %L', v_kind, v_wrong),
            DETAIL = format('There are %s.', array_to_string(v_names, ', ')),
            HINT = format('The nearest are: %s', nearest_names(v_wrong, v_names));
    END IF;
    IF cardinality(p_ids) = 0 THEN
        RAISE EXCEPTION USING
            ERRCODE = 'TA004', MESSAGE = 'empty list of assets',
            DETAIL = 'p_ids names at least one asset.', HINT = 'Leave it out to mean all.';
    END IF;
    PERFORM check_examined(p_lookback_days, p_time_min, p_time_max);
    PERFORM check_timeframes(
        CASE
            WHEN p_stage <> 'emas' AND cardinality(p_families) = 1 THEN p_families[1]
            WHEN p_stage <> 'bars' AND cardinality(p_variants) = 1 THEN p_variants[1]
            ELSE 'all'
        END, p_tfs);
    PERFORM check_periods(p_periods);
    PERFORM check_ids(p_ids);
END;
$$;
