-- ema_work: what there is to do for the EMAs of some assets: the one decision that plans show and refreshes
--   carry out.
--   p_days     an element per asset: how its validated days stand, or will once they are refreshed
--   p_bars     what will be done for its bars before (bar_work); {}: they stand as they are
--   p_wanted   the groups of EMAs that are asked for
--   p_periods  today's periods, ascending
--   p_full     build them from nothing
--   p_tfs      only these timeframes (NULL: all)
-- Returns   a row per asset and group: action (NULL: nothing to do; noop: deletions only), reason,
--           dirty_from ("timestamp" of the first day concerned; NULL: from the start), new_days and all_days
--           to take up, due: timeframes whose bars are built, in catalogue order, ready: those of them whose
--           bars stand where the days stand; and its state as it stands: tfs (NULL: never built), periods,
--           n_rows, first_ts, last_ts, state_dirty_from, hidden_from, series.
-- Errors    none.   Cost  one query: the states of the assets, the catalogue where they differ from it.
-- Rule      no EMAs without bars, no bars without EMAs; 1D has the days themselves. All periods of
--           dim_period: another set than the vectors were built with is all anew, and so is a mark of
--           everything. Long, since action and reason are decided side by side, case by case.
CREATE OR REPLACE FUNCTION ema_work(
    p_days day_facts[], p_bars bar_work[], p_wanted text[], p_periods int[], p_full boolean,
    p_tfs text[])
RETURNS SETOF ema_work
LANGUAGE plpgsql STABLE ROWS 8
SET search_path FROM CURRENT
-- Of lists the planner expects ten elements: of hundreds of assets it would compare each with each.
SET enable_nestloop = off
AS $$
#variable_conflict use_column
DECLARE
    v_ids int[] := ARRAY(SELECT d.id FROM unnest(p_days) AS d);
    v_bars bars_standing[];
    v_emas emas_standing[];
    v_tfs text[];
    v_groups text[];
BEGIN
    IF goes_one_by_one(v_ids) THEN
        RETURN QUERY
        SELECT w.* FROM unnest(p_days) AS d
        CROSS JOIN LATERAL ema_work(
            ARRAY[d::day_facts], ARRAY(SELECT b FROM unnest(p_bars) AS b WHERE b.id = d.id), p_wanted,
            p_periods, p_full, p_tfs) AS w;
        RETURN;
    END IF;
    v_bars := bars_standing(p_days, NULL);
    v_emas := emas_standing(p_days, p_tfs, p_periods);
    -- Gathered by itself: of a statement about one table a cluster keeps the plan.
    SELECT
        array_agg(t.tf ORDER BY t.display_order, t.tf), array_agg(t.bar_group ORDER BY t.display_order, t.tf)
    INTO v_tfs, v_groups
    FROM dim_timeframe AS t;
    RETURN QUERY
    WITH catalogue AS MATERIALIZED (
        SELECT x.ema_group, x.bar_group, x.ordinal, x.has_1d
        FROM stored_groups() AS x WHERE x.ema_group = ANY(p_wanted)
    ),
    found AS MATERIALIZED (
        SELECT
            d.id, d.n_rows AS all_rows, d.first_ts AS new_first, d.last_ts AS new_last, d.new_days,
            d.dirty_from AS days_from, d.reason AS days_reason, d.is_backfill, d.is_empty,
            c.ema_group, c.bar_group, c.ordinal, c.has_1d,
            e.tfs, e.periods, e.n_rows, e.first_ts, e.last_ts, e.series, e.hidden_from,
            e.dirty_from AS marked_from, coalesce(e.dirty_from, e.hidden_from) AS dirty_from,
            b.reason = 'zone changed' AND NOT c.has_1d AS is_rezoned,
            NOT c.has_1d AND (b.reason = 'calendar changed' OR b.changed_days IS NOT NULL) IS TRUE
            AS is_reshaped,
            b.pending_from AS bars_from,
            CASE WHEN b.action IS NOT NULL THEN nullif(b.due, '{}') ELSE s.tfs END AS bar_tfs,
            b.action IS NULL AND s.dirty_from IS NOT NULL AS lags,
            CASE WHEN b.action IS NULL THEN s.waiting END AS lagging,
            e.pending_from, e.has_other_periods
        FROM unnest(p_days) AS d
        CROSS JOIN catalogue AS c
        LEFT JOIN unnest(v_emas) AS e ON e.id = d.id AND e.ema_group = c.ema_group
        LEFT JOIN unnest(v_bars) AS s ON s.id = d.id AND s.bar_group = c.bar_group
        LEFT JOIN unnest(p_bars) AS b ON b.id = d.id AND b.bar_group = c.bar_group
    ),
    stands AS MATERIALIZED (
        SELECT
            f.*,
            CASE
                WHEN u.due = '{}' OR f.lags THEN '{}'
                WHEN f.lagging IS NULL OR f.lagging = '{}' THEN u.due
                ELSE ARRAY(SELECT t.tf FROM unnest(u.due) WITH ORDINALITY AS t (tf, i)
                    WHERE NOT t.tf = ANY(f.lagging) ORDER BY t.i)
            END AS ready, u.due
        FROM found AS f
        CROSS JOIN LATERAL (
            SELECT CASE
                WHEN f.tfs = CASE WHEN f.has_1d THEN ARRAY['1D'] || f.bar_tfs ELSE f.bar_tfs END THEN f.tfs
                ELSE ARRAY(
                    SELECT t.tf FROM unnest(v_tfs, v_groups) WITH ORDINALITY AS t (tf, bar_group, i)
                    WHERE t.bar_group = f.bar_group AND (t.tf = '1D' OR t.tf = ANY(f.bar_tfs))
                    ORDER BY t.i)
            END AS due
        ) AS u
    ),
    judged AS (
        SELECT
            s.*, least(s.days_from, s.dirty_from, s.pending_from, s.bars_from) AS mark,
            CASE WHEN p_tfs IS NULL THEN s.ready <> '{}' ELSE s.ready && p_tfs END AS is_asked,
            s.ready <> s.tfs AND EXISTS (
                SELECT 1 FROM unnest(s.ready) AS t (tf)
                WHERE NOT t.tf = ANY(s.tfs) AND (p_tfs IS NULL OR t.tf = ANY(p_tfs))) AS has_new,
            s.tfs <> s.due AND NOT s.tfs <@ s.due AS has_dropped,
            coalesce(s.has_other_periods, false) OR s.periods <> p_periods AS is_other,
            (s.n_rows, s.first_ts, s.last_ts) <> (s.all_rows, s.new_first, s.new_last) AS is_odd
        FROM stands AS s
    )
    SELECT
        j.id, j.ema_group, j.bar_group,
        CASE
            WHEN j.is_empty THEN CASE WHEN j.tfs IS NOT NULL THEN 'revise' END
            WHEN NOT j.is_asked THEN CASE WHEN j.has_dropped THEN 'noop' END
            WHEN p_full OR j.tfs IS NULL OR j.has_new OR j.is_other OR j.is_rezoned OR j.mark = '-infinity'
                THEN 'rebuild'
            WHEN j.mark IS NULL THEN CASE
                WHEN j.is_reshaped THEN 'revise'
                WHEN j.has_dropped THEN 'noop'
                WHEN j.is_odd THEN 'revise' END
            WHEN j.is_backfill OR j.first_ts <> j.new_first THEN 'backfill'
            WHEN j.mark <= j.last_ts OR j.is_reshaped THEN 'revise'
            ELSE 'append'
        END,
        CASE
            WHEN j.is_empty THEN 'days removed'
            WHEN p_full THEN 'full rebuild'
            WHEN j.tfs IS NULL THEN 'never built'
            WHEN j.is_rezoned THEN 'zone changed'
            WHEN NOT p_periods <@ j.periods THEN 'new period'
            WHEN NOT j.periods <@ p_periods THEN 'period dropped'
            WHEN j.has_new THEN 'new timeframe'
            WHEN j.mark IS NULL AND j.is_reshaped THEN 'calendar changed'
            WHEN j.mark IS NULL OR NOT j.is_asked
                THEN CASE WHEN j.has_dropped THEN 'timeframe dropped' ELSE 'state and data disagree' END
            WHEN j.days_from = j.mark THEN j.days_reason
            WHEN j.mark IN (j.pending_from, j.bars_from) THEN 'left behind by a partial refresh'
            WHEN j.mark = '-infinity' THEN 'zone changed'
            WHEN j.first_ts <> j.new_first THEN 'backfill'
            WHEN j.mark <= j.last_ts
                THEN 'revised from ' || to_char(j.mark AT TIME ZONE 'UTC', 'YYYY-MM-DD')
            ELSE 'new days'
        END,
        j.mark,
        CASE
            WHEN j.n_rows IS NULL THEN j.all_rows + j.new_days
            WHEN j.mark IS NULL THEN 0
            ELSE j.new_days + greatest(j.all_rows - j.n_rows, 0)
        END,
        j.all_rows + j.new_days, j.due, j.ready, j.tfs, j.periods, j.n_rows, j.first_ts, j.last_ts,
        j.marked_from, j.hidden_from, j.series
    FROM judged AS j
    ORDER BY j.id, j.ordinal;
END;
$$;
