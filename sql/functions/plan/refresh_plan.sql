-- refresh_plan: what a refresh of some assets would do and why, changing nothing.
--   p_ids       assets (NULL: all)
--   p_stage     bars, emas (with the bars that they read) or all
--   p_families  families of bars (NULL: all, or those that p_variants read)
--   p_variants  variants of EMAs (NULL: all, or those that read p_families)
--   p_full, p_tz, p_lookback_days, p_tfs, p_periods, p_time_min, p_time_max, p_keep_rejects,
--   p_include_non_canonical   as in refresh_bars and refresh_emas
-- Returns     a row per asset, stage (bars, emas) and family or variant with something to do: action (as the
--             refresh will report it; noop: deletions only), reason, new_days (at most so many days to take
--             up), dirty_from (NULL: from the start), days (that are read again or taken up: all of them in a
--             rebuild or backfill). No row: nothing to do.
-- Errors      TA001, TA002, TA003, TA004, TA020 as the refreshes.
-- Cost        two queries over all assets: most have nothing new and are set aside by the first, in a few
--             dozen microseconds each.
-- Rule        looks at what is recorded, at the look-back, at the states, at the catalogue and at calendars
--             as they were applied. A recorded change that turns out to be none ends as a noop.
--             Long, since it takes all that refreshes can be asked.
CREATE OR REPLACE FUNCTION refresh_plan(
    p_ids int[] DEFAULT NULL,
    p_stage text DEFAULT 'all',
    p_families text[] DEFAULT NULL,
    p_variants text[] DEFAULT NULL,
    p_full boolean DEFAULT false,
    p_tz text DEFAULT NULL,
    p_lookback_days int DEFAULT 3,
    p_tfs text[] DEFAULT NULL,
    p_periods int[] DEFAULT NULL,
    p_time_min timestamptz DEFAULT NULL,
    p_time_max timestamptz DEFAULT NULL,
    p_keep_rejects boolean DEFAULT true,
    p_include_non_canonical boolean DEFAULT false)
RETURNS TABLE (
    id int, stage text, family text, action text, reason text, new_days int, dirty_from timestamptz, days int)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
-- States are few rows; where the tables are partitioned, the planner reckons with the rows of all.
SET max_parallel_workers_per_gather = 0
AS $$
#variable_conflict use_column
DECLARE
    v_families text[];
    v_variants text[];
    v_full_days boolean;
    v_periods int[] := ARRAY(SELECT p.period FROM dim_period AS p ORDER BY p.period);
    v_days day_facts[];
    v_bars bar_work[];
BEGIN
    PERFORM check_plan(
        p_ids, p_stage, p_families, p_variants, p_lookback_days, p_tfs, p_periods, p_time_min, p_time_max);
    p_tz := resolve_tz(p_tz);
    p_full := coalesce(p_full, false);
    p_ids := ARRAY(
        SELECT DISTINCT a.id FROM (
            SELECT unnest(p_ids) UNION ALL SELECT k.id FROM asset_ids() AS k (id) WHERE p_ids IS NULL
        ) AS a (id) ORDER BY a.id);
    p_families := CASE WHEN 'all' = ANY(p_families) THEN NULL ELSE p_families END;
    p_variants := CASE WHEN 'all' = ANY(p_variants) THEN NULL ELSE p_variants END;
    -- EMAs ask for the bars that they read, bars for the EMAs made of them.
    v_variants := ARRAY(
        SELECT x.variant FROM taxonomy() AS x
        WHERE
            p_stage <> 'bars' AND (p_variants IS NULL OR x.variant = ANY(p_variants))
            AND (p_variants IS NOT NULL OR p_stage <> 'all' OR p_families IS NULL
                OR x.family = ANY(p_families)));
    v_families := ARRAY(
        SELECT x.family FROM taxonomy() AS x
        WHERE CASE
            WHEN p_stage <> 'emas' AND p_families IS NOT NULL THEN x.family = ANY(p_families)
            ELSE p_variants IS NULL OR p_stage = 'bars' OR x.variant = ANY(p_variants)
        END);
    v_full_days := p_full AND p_stage <> 'emas' AND ('1d' = ANY(p_families) OR NOT EXISTS (
        SELECT 1 FROM taxonomy() AS x WHERE NOT x.family = ANY(v_families)));

    -- Most have nothing new: only the others are looked at closely.
    IF cardinality(p_ids) > 1 AND NOT p_full AND p_tfs IS NULL AND p_include_non_canonical IS NOT TRUE THEN
        p_ids := ARRAY(
            SELECT a.id FROM unnest(p_ids) AS a (id)
            EXCEPT
            SELECT s.id FROM settled_assets(
                p_ids, v_families, v_variants, p_tz, p_lookback_days, p_keep_rejects) AS s (id)
            ORDER BY 1);
    END IF;
    v_days := ARRAY(
        SELECT d FROM plan_days(
            p_ids, p_tz, v_full_days, p_lookback_days, p_time_min, p_time_max, p_keep_rejects) AS d);
    v_bars := ARRAY(
        SELECT w FROM bar_work(
            v_days, ARRAY(
                SELECT x.bar_group FROM taxonomy() AS x
                WHERE x.variant = x.family AND x.family = ANY(v_families)),
            p_full AND p_stage <> 'emas', p_tfs, p_include_non_canonical) AS w
        WHERE w.action IS NOT NULL);
    RETURN QUERY
    WITH found AS (
        SELECT
            d.id, 1 AS part, 'bars' AS stage, '1d' AS family, 0 AS ordinal, d.action, d.reason, d.new_days,
            d.dirty_from, d.n_rows + d.new_days AS all_days
        FROM unnest(v_days) AS d
        UNION ALL
        SELECT b.id, 2, 'bars', f.family, f.ordinal, b.action, b.reason, b.new_days, b.dirty_from, b.all_days
        FROM unnest(v_bars) AS b
        -- Shared months and years count for the first family that reads them.
        CROSS JOIN LATERAL (
            SELECT x.family, x.ordinal FROM taxonomy() AS x
            WHERE x.variant = x.family AND x.bar_group = b.bar_group
            ORDER BY x.family = ANY(v_families) DESC, x.ordinal LIMIT 1
        ) AS f
        UNION ALL
        SELECT e.id, 3, 'emas', v.variant, v.ordinal, e.action, e.reason, e.new_days, e.dirty_from, e.all_days
        FROM ema_work(
            v_days, v_bars, ARRAY(SELECT x.ema_group FROM taxonomy() AS x WHERE x.variant = ANY(v_variants)),
            v_periods, p_full, p_tfs) AS e
        CROSS JOIN LATERAL (
            SELECT x.variant, x.ordinal FROM taxonomy() AS x
            WHERE x.ema_group = e.ema_group AND x.variant = ANY(v_variants)
            ORDER BY x.ordinal LIMIT 1
        ) AS v
    ),
    ranked AS (
        SELECT DISTINCT ON (f.id, f.part, f.family) f.*
        FROM found AS f
        WHERE f.action IS NOT NULL
        ORDER BY f.id, f.part, f.family, action_rank(f.action), f.ordinal
    )
    SELECT
        r.id, r.stage, r.family, r.action, r.reason, r.new_days, nullif(r.dirty_from, '-infinity'),
        CASE WHEN r.action IN ('rebuild', 'backfill') THEN r.all_days ELSE r.new_days END
    FROM ranked AS r
    ORDER BY
        r.id, r.part, (SELECT min(x.ordinal) FROM taxonomy() AS x WHERE r.family IN (x.variant, x.family));
END;
$$;
