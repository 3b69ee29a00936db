-- bar_work: what there is to do for the bars of some assets: the one decision that plans show and refreshes
--   carry out.
--   p_days     an element per asset: how its validated days stand, or will once they are refreshed
--   p_wanted   the groups of bars that are asked for
--   p_full     build them from nothing
--   p_tfs      only these timeframes (NULL: all canonical ones and those built)
--   p_include_non_canonical  timeframes that aren't canonical are asked for too
-- Returns   a row per asset and group, wanted or not: action (NULL: nothing to do; noop: deletions only),
--           reason, dirty_from ("timestamp" of the first day concerned; NULL: from the start), new_days and
--           all_days to take up, due: its timeframes afterwards in catalogue order without 1D, pending_from
--           (the earliest of those left behind by a partial refresh), its state as it stands: tfs (NULL:
--           never built), n_rows, first_ts, last_ts, state_dirty_from; is_recast: the zone or the calendar
--           is another one, changed_days: days of the calendar that changed under its bars.
-- Errors    none.   Cost  one query: the catalogue, and the states of the assets.
-- Rule      what was built stays current until a full rebuild, or until the catalogue drops it. Zone and
--           calendar are the asset's: with others every group that is built is built again.
--           Long, since action and reason are decided side by side, case by case.
CREATE OR REPLACE FUNCTION bar_work(
    p_days day_facts[], p_wanted text[], p_full boolean, p_tfs text[], p_include_non_canonical boolean)
RETURNS SETOF bar_work
LANGUAGE plpgsql STABLE ROWS 7
SET search_path FROM CURRENT
-- As in ema_work.
SET enable_nestloop = off
AS $$
#variable_conflict use_column
DECLARE
    v_ids int[] := ARRAY(SELECT d.id FROM unnest(p_days) AS d);
    v_anew boolean := p_full AND p_tfs IS NULL;
    v_standing bars_standing[];
    v_tfs text[];
    v_groups text[];
    v_are_asked boolean[];
BEGIN
    IF goes_one_by_one(v_ids) THEN
        RETURN QUERY
        SELECT w.* FROM unnest(p_days) AS d
        CROSS JOIN LATERAL bar_work(
            ARRAY[d::day_facts], p_wanted, p_full, p_tfs, p_include_non_canonical) AS w;
        RETURN;
    END IF;
    v_standing := bars_standing(p_days, p_tfs);
    -- Gathered by itself: of a statement about one table a cluster keeps the plan.
    SELECT
        array_agg(t.tf ORDER BY t.display_order, t.tf), array_agg(t.bar_group ORDER BY t.display_order, t.tf),
        array_agg(
            CASE WHEN p_tfs IS NULL THEN t.is_canonical OR p_include_non_canonical ELSE t.tf = ANY(p_tfs) END
            ORDER BY t.display_order, t.tf)
    INTO v_tfs, v_groups, v_are_asked
    FROM dim_timeframe AS t WHERE t.tf <> '1D';
    RETURN QUERY
    WITH catalogue AS MATERIALIZED (
        SELECT
            x.bar_group, x.ordinal, x.bar_group = ANY(p_wanted) AS is_wanted,
            coalesce(g.asked, '{}') AS asked
        FROM stored_groups() AS x
        LEFT JOIN (
            SELECT t.bar_group, array_agg(t.tf ORDER BY t.i) AS asked
            FROM unnest(v_tfs, v_groups, v_are_asked) WITH ORDINALITY AS t (tf, bar_group, is_asked, i)
            WHERE t.is_asked
            GROUP BY t.bar_group
        ) AS g ON g.bar_group = x.bar_group
        WHERE x.variant = x.family
    ),
    stands AS MATERIALIZED (
        SELECT
            d.id, d.tz, d.calendar, d.n_rows AS all_rows, d.first_ts AS new_first, d.last_ts AS new_last,
            d.new_days, d.dirty_from AS days_from, d.reason AS days_reason, d.is_backfill, d.is_empty,
            d.has_bars,
            c.ordinal, c.bar_group, c.is_wanted, s.tz AS built_tz, s.calendar AS built_calendar,
            s.tfs, s.n_rows, s.first_ts, s.last_ts,
            s.dirty_from,
            -- A group without timeframes keeps no state.
            c.asked <> '{}' OR (p_tfs IS NULL AND s.id IS NOT NULL) AS is_asked,
            CASE
                -- Both are in catalogue order, so equal sets are equal arrays.
                WHEN s.id IS NULL OR s.tfs = c.asked THEN c.asked
                ELSE ARRAY(
                    SELECT k.tf FROM unnest(v_tfs, v_groups) WITH ORDINALITY AS k (tf, bar_group, i)
                    WHERE
                        k.bar_group = c.bar_group
                        AND (k.tf = ANY(c.asked) OR (k.tf = ANY(s.tfs) AND NOT v_anew))
                    ORDER BY k.i)
            END AS due,
            s.pending_from, s.changed_days
        FROM unnest(p_days) AS d
        CROSS JOIN catalogue AS c
        LEFT JOIN unnest(v_standing) AS s ON s.id = d.id AND s.bar_group = c.bar_group
    ),
    judged AS (
        SELECT
            s.*, m.dirty AS mark, coalesce(s.built_tz <> s.tz, false) AS is_rezoned,
            s.tfs IS NOT NULL AND (s.built_tz <> s.tz OR s.built_calendar IS DISTINCT FROM s.calendar)
            AS is_recast,
            s.tfs <> s.due AND NOT s.due <@ s.tfs AS has_new,
            s.tfs <> s.due AND NOT s.tfs <@ s.due AS has_dropped,
            (s.n_rows, s.first_ts, s.last_ts) <> (s.all_rows, s.new_first, s.new_last) AS is_odd
        FROM stands AS s
        CROSS JOIN LATERAL (SELECT least(s.days_from, s.dirty_from, s.pending_from) AS dirty) AS m
    )
    SELECT
        j.id, j.bar_group,
        CASE
            WHEN j.is_empty THEN CASE WHEN j.is_wanted AND (j.tfs IS NOT NULL OR j.has_bars) THEN 'revise' END
            WHEN j.is_recast THEN 'rebuild'
            WHEN NOT j.is_wanted OR NOT j.is_asked THEN NULL
            WHEN j.due = '{}' THEN CASE WHEN j.tfs IS NOT NULL THEN 'noop' END
            WHEN p_full OR j.tfs IS NULL OR j.has_new THEN 'rebuild'
            WHEN j.mark IS NULL THEN CASE
                WHEN j.changed_days IS NOT NULL THEN 'revise'
                WHEN j.has_dropped THEN 'noop'
                WHEN j.is_odd THEN 'revise' END
            WHEN j.is_backfill OR j.first_ts <> j.new_first THEN 'backfill'
            WHEN j.mark <= j.last_ts OR j.changed_days IS NOT NULL THEN 'revise'
            ELSE 'append'
        END,
        CASE
            WHEN j.is_empty THEN 'days removed'
            WHEN p_full AND j.is_wanted AND j.is_asked THEN 'full rebuild'
            WHEN j.is_rezoned THEN 'zone changed'
            WHEN j.is_recast THEN 'calendar changed'
            WHEN j.tfs IS NULL THEN 'never built'
            WHEN j.has_new THEN 'new timeframe'
            WHEN j.mark IS NULL AND j.changed_days IS NOT NULL THEN 'calendar changed'
            WHEN j.mark IS NULL OR j.due = '{}' THEN
                CASE WHEN j.has_dropped THEN 'timeframe dropped' ELSE 'state and data disagree' END
            WHEN j.days_from = j.mark THEN j.days_reason
            WHEN j.pending_from = j.mark THEN 'left behind by a partial refresh'
            WHEN j.first_ts <> j.new_first THEN 'backfill'
            WHEN j.mark <= j.last_ts
                THEN 'revised from ' || to_char(j.mark AT TIME ZONE 'UTC', 'YYYY-MM-DD')
            ELSE 'new days'
        END,
        j.mark, j.new_days + greatest(j.all_rows - coalesce(j.n_rows, 0), 0), j.all_rows + j.new_days,
        j.due, j.pending_from, j.tfs, j.n_rows, j.first_ts, j.last_ts, j.dirty_from,
        j.is_recast, CASE WHEN NOT j.is_recast THEN j.changed_days END
    FROM judged AS j
    ORDER BY j.id, j.ordinal;
END;
$$;
