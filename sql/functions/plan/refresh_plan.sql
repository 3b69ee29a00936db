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
-- Cost        one query over all assets; with nothing new a few dozen microseconds for each of them.
-- Rule        looks at what is recorded, at the look-back, at the states, at the catalogue and at calendars
--             as they were applied. A recorded change that turns out to be none ends as a noop.
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
    v_families text[] := '{multi_tf,cal_us,cal_iso,cal_anchor_us,cal_anchor_iso}';
    v_variants text[] := '{multi_tf,multi_tf_v2,cal_us,cal_iso,cal_anchor_us,cal_anchor_iso}';
    v_strength text[] := ARRAY['rebuild', 'backfill', 'revise', 'append', 'noop'];
    v_tz text;
    v_bars text[];
    v_emas text[];
    v_full_days boolean;
    v_full_bars boolean;
BEGIN
    PERFORM check_plan(
        p_ids, p_stage, p_families, p_variants, p_lookback_days, p_tfs, p_periods, p_time_min, p_time_max);
    v_tz := resolve_tz(p_tz);
    p_full := coalesce(p_full, false);
    p_ids := ARRAY(
        SELECT DISTINCT a.id FROM (
            SELECT unnest(p_ids) UNION ALL SELECT k.id FROM asset_ids() AS k (id) WHERE p_ids IS NULL
        ) AS a (id) ORDER BY a.id);
    p_families := CASE WHEN 'all' = ANY(p_families) THEN NULL ELSE p_families END;
    p_variants := CASE WHEN 'all' = ANY(p_variants) THEN NULL ELSE p_variants END;
    v_emas := CASE
        WHEN p_stage = 'bars' THEN '{}'
        WHEN p_variants IS NOT NULL THEN p_variants
        WHEN p_stage = 'all' AND p_families IS NOT NULL THEN ARRAY(
            SELECT v.name FROM unnest(v_variants) AS v (name)
            WHERE replace(v.name, '_v2', '') = ANY(p_families))
        ELSE v_variants
    END;
    v_bars := CASE
        WHEN p_stage <> 'emas' AND p_families IS NOT NULL THEN array_remove(p_families, '1d')
        WHEN p_variants IS NOT NULL AND p_stage <> 'bars' THEN ARRAY(
            SELECT f.name FROM unnest(v_families) AS f (name)
            WHERE f.name = ANY(SELECT replace(v.name, '_v2', '') FROM unnest(p_variants) AS v (name)))
        ELSE v_families
    END;
    v_full_bars := p_full AND p_stage <> 'emas';
    v_full_days := v_full_bars AND (v_bars = v_families OR '1d' = ANY(p_families));

    RETURN QUERY
    WITH days AS MATERIALIZED (
        SELECT * FROM plan_days(p_ids, v_full_days, p_lookback_days, p_time_min, p_time_max, p_keep_rejects)
    ),
    bar_groups AS MATERIALIZED (
        -- The zone is the asset's, whichever group of it is asked.
        SELECT
            g.*,
            coalesce(v_tz, g.asset_tz) <> min(g.tz) OVER (PARTITION BY g.id) AS is_rezoned,
            bool_or(g.calendar_change = 'rebuild') OVER (PARTITION BY g.id) IS TRUE AS is_recalendared,
            f.family IS NOT NULL AS is_wanted
        FROM plan_bar_groups(
            p_ids, v_families || '{cal,cal_anchor}',
            v_full_bars AND p_tfs IS NULL, p_tfs, p_include_non_canonical) AS g
        LEFT JOIN LATERAL (
            SELECT w.family FROM unnest(v_bars) AS w (family)
            WHERE g.bar_group = ANY(family_groups(w.family)) LIMIT 1
        ) AS f ON true
    ),
    bars_due AS MATERIALIZED (
        SELECT
            g.id, g.bar_group, g.pending_from, g.calendar_change, m.mark, d.n_rows + d.new_days AS all_days,
            d.new_days + greatest(d.n_rows - coalesce(g.n_rows, 0), 0) AS new_days,
            CASE
                WHEN d.is_empty THEN CASE
                    WHEN g.n_rows IS NOT NULL OR d.has_bars THEN 'revise' END
                WHEN (g.is_rezoned OR g.is_recalendared) AND g.n_rows IS NOT NULL THEN 'rebuild'
                WHEN NOT g.is_wanted OR NOT g.is_asked THEN NULL
                WHEN v_full_bars OR g.n_rows IS NULL OR g.change = 'new timeframe' THEN 'rebuild'
                WHEN m.mark IS NULL THEN CASE
                    WHEN g.calendar_change IS NOT NULL THEN 'revise'
                    WHEN g.change IS NOT NULL THEN 'noop'
                    WHEN (g.n_rows, g.first_ts, g.last_ts) <> (d.n_rows, d.first_ts, d.last_ts)
                        THEN 'revise' END
                WHEN d.action = 'backfill' OR g.first_ts <> d.first_ts THEN 'backfill'
                WHEN m.mark <= g.last_ts OR g.calendar_change IS NOT NULL THEN 'revise'
                ELSE 'append'
            END AS action,
            CASE
                WHEN d.is_empty THEN 'days removed'
                WHEN v_full_bars AND g.is_wanted AND g.is_asked THEN 'full rebuild'
                WHEN g.is_rezoned AND g.n_rows IS NOT NULL THEN 'zone changed'
                WHEN g.is_recalendared AND g.n_rows IS NOT NULL THEN 'calendar changed'
                WHEN g.n_rows IS NULL THEN 'never built'
                WHEN g.change = 'new timeframe' THEN g.change
                WHEN m.mark IS NULL AND g.calendar_change IS NOT NULL THEN 'calendar changed'
                WHEN m.mark IS NULL THEN coalesce(g.change, 'state and data disagree')
                WHEN d.dirty_from = m.mark THEN d.reason
                WHEN g.pending_from = m.mark THEN 'left behind by a partial refresh'
                WHEN g.first_ts <> d.first_ts THEN 'backfill'
                WHEN m.mark <= g.last_ts
                    THEN 'revised from ' || to_char(m.mark AT TIME ZONE 'UTC', 'YYYY-MM-DD')
                ELSE 'new days'
            END AS reason
        FROM bar_groups AS g
        INNER JOIN days AS d ON d.id = g.id
        CROSS JOIN LATERAL (SELECT least(d.dirty_from, g.dirty_from, g.pending_from) AS mark) AS m
    ),
    emas_due AS (
        SELECT
            e.id, e.ema_group, m.mark, d.n_rows + d.new_days AS all_days,
            CASE
                WHEN e.n_rows IS NULL THEN d.n_rows + d.new_days
                WHEN m.mark IS NULL THEN 0
                ELSE d.new_days + greatest(d.n_rows - e.n_rows, 0)
            END AS new_days,
            CASE
                WHEN d.is_empty THEN CASE WHEN e.n_rows IS NOT NULL THEN 'revise' END
                WHEN NOT e.is_asked OR NOT (e.has_bars OR b.action IS NOT NULL) THEN NULL
                WHEN p_full OR e.n_rows IS NULL OR e.change <> 'timeframe dropped'
                    OR b.reason = 'new timeframe'
                    OR (b.reason = 'zone changed' AND e.bar_group <> 'multi_tf') THEN 'rebuild'
                WHEN m.mark IS NULL THEN CASE
                    WHEN b.reason = 'calendar changed' AND e.bar_group <> 'multi_tf' THEN 'revise'
                    WHEN b.reason = 'calendar changed' THEN NULL
                    WHEN e.change IS NOT NULL OR b.action = 'noop' THEN 'noop'
                    WHEN (e.n_rows, e.first_ts, e.last_ts) <> (d.n_rows, d.first_ts, d.last_ts)
                        THEN 'revise' END
                WHEN d.action = 'backfill' OR e.first_ts <> d.first_ts THEN 'backfill'
                WHEN m.mark <= e.last_ts OR (b.calendar_change IS NOT NULL AND e.bar_group <> 'multi_tf')
                    THEN 'revise'
                ELSE 'append'
            END AS action,
            CASE
                WHEN d.is_empty THEN 'days removed'
                WHEN p_full THEN 'full rebuild'
                WHEN e.n_rows IS NULL THEN 'never built'
                WHEN b.reason = 'zone changed' AND e.bar_group <> 'multi_tf' THEN b.reason
                WHEN b.reason = 'new timeframe' THEN b.reason
                WHEN e.change <> 'timeframe dropped' OR m.mark IS NULL
                    THEN coalesce(e.change, b.reason, 'state and data disagree')
                WHEN d.dirty_from = m.mark THEN d.reason
                WHEN m.mark IN (e.pending_from, b.pending_from) THEN 'left behind by a partial refresh'
                WHEN e.first_ts <> d.first_ts THEN 'backfill'
                WHEN m.mark <= e.last_ts
                    THEN 'revised from ' || to_char(m.mark AT TIME ZONE 'UTC', 'YYYY-MM-DD')
                ELSE 'new days'
            END AS reason
        FROM plan_ema_variants(
            p_ids,
            ARRAY(
                SELECT v.name FROM unnest(v_variants || '{cal,cal_anchor}') AS v (name)
                WHERE EXISTS (
                    SELECT 1 FROM unnest(v_emas) AS w (name)
                    WHERE v.name = w.name OR (v.name LIKE 'cal%' AND v.name = ANY(family_groups(w.name))))),
            p_tfs) AS e
        INNER JOIN days AS d ON d.id = e.id
        LEFT JOIN bars_due AS b ON b.id = e.id AND b.bar_group = e.bar_group AND b.action IS NOT NULL
        CROSS JOIN LATERAL (
            SELECT least(d.dirty_from, e.dirty_from, e.pending_from, b.pending_from) AS mark
        ) AS m
    ),
    found AS (
        SELECT d.id, 1 AS part, 'bars' AS stage, '1d' AS family, d.action, d.reason, d.new_days,
            d.dirty_from, d.n_rows + d.new_days AS all_days
        FROM days AS d
        UNION ALL
        -- Shared months and years count for the first family that reads them.
        SELECT b.id, 2, 'bars', (
            SELECT f.name FROM unnest(v_families) WITH ORDINALITY AS f (name, ordinal)
            WHERE b.bar_group = ANY(family_groups(f.name))
            ORDER BY f.name = ANY(v_bars) DESC, f.ordinal LIMIT 1
        ), b.action, b.reason, b.new_days, b.mark, b.all_days
        FROM bars_due AS b
        UNION ALL
        SELECT e.id, 3, 'emas', (
            SELECT v.name FROM unnest(v_emas) WITH ORDINALITY AS v (name, ordinal)
            WHERE
                e.ema_group = v.name
                OR (e.ema_group LIKE 'cal%' AND e.ema_group = ANY(family_groups(v.name)))
            ORDER BY v.ordinal LIMIT 1
        ), e.action, e.reason, e.new_days, e.mark, e.all_days
        FROM emas_due AS e
    )
    SELECT DISTINCT ON (f.id, f.part, array_position(v_variants, f.family))
        f.id, f.stage, f.family, f.action, f.reason, f.new_days, nullif(f.dirty_from, '-infinity'),
        CASE WHEN f.action IN ('rebuild', 'backfill') THEN f.all_days ELSE f.new_days END
    FROM found AS f
    WHERE f.action IS NOT NULL
    ORDER BY f.id, f.part, array_position(v_variants, f.family), array_position(v_strength, f.action);
END;
$$;
