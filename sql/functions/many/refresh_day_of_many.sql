-- refresh_day_of_many: bring those of some assets up to date that take one more day and nothing else: days,
--   bars and EMAs, in one transaction.
--   p_ids            assets, at most some hundred: they stay locked until the transaction ends
--   p_lookback_days, p_keep_rejects   as in refresh_bars
--   p_stage          bars, or all: with the EMAs
-- Returns   for each asset that was brought up to date what refresh_bars and refresh_emas say of it: id,
--           stage (bars, emas), family or variant, action, dirty_from, written (days, bars or vectors),
--           deleted, days_read, rejected, repaired_timehigh, repaired_timelow, series, elapsed (an asset's
--           share). No row: the asset is as it was, call refresh_emas for it.
-- Errors    TA004 bad look-back, 40001 a raw day changed meanwhile, TA020 a calendar without a week, TA030
--           state and data of one of them disagree: nothing of the call is kept, and a call for each asset
--           tells which it is.
-- Locks     the assets' rows in cmc_price_bars_1d_state; waits for none.
-- Cost      a third of the calls for each asset: statements, plans and look-ups are shared.
-- Rule      leaves what those calls leave, bit for bit, on trading calendars and after gaps too. A query
--           about a list of assets can't be planned for one partition, and no node of a cluster could run it:
--           there every asset is called by itself.
CREATE OR REPLACE FUNCTION refresh_day_of_many(
    p_ids int[], p_lookback_days int DEFAULT 3, p_keep_rejects boolean DEFAULT true,
    p_stage text DEFAULT 'all')
RETURNS TABLE (
    id int, stage text, family text, action text, dirty_from timestamptz, written int, deleted int,
    days_read int, rejected int, repaired_timehigh int, repaired_timelow int, series int,
    elapsed interval
)
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
SET plan_cache_mode = force_generic_plan
SET jit = off
SET enable_seqscan = off
SET max_parallel_workers_per_gather = 0
AS $$
#variable_conflict use_column
DECLARE
    v_started timestamptz := clock_timestamp();
    v_bars_done timestamptz;
    v_calendar text;
    v_noted record;
    v_calendars record;
    v_days day_facts[];
    v_ids int[];
    v_read record;
    v_bars record;
    v_emas_of int[]; v_groups text[]; v_vectors int[]; v_live int[];
BEGIN
    PERFORM check_examined(p_lookback_days, NULL, NULL);
    IF is_cluster() THEN
        RETURN;
    END IF;
    FOR v_calendar IN
        SELECT DISTINCT z.calendar FROM assets AS z WHERE z.id = ANY(p_ids) AND z.calendar IS NOT NULL
    LOOP
        PERFORM calendars_apply(v_calendar);
    END LOOP;
    -- What another refresh holds is left to a call of its own, so that it doesn't hold up the others.
    p_ids := ARRAY(
        SELECT s.id FROM cmc_price_bars_1d_state AS s WHERE s.id = ANY(p_ids)
        ORDER BY s.id FOR UPDATE SKIP LOCKED);
    -- Of notes and edits of calendars that come from here on nothing is known: they stay for another call.
    SELECT array_agg(c.id) AS ids, array_agg(c.changed_by) AS writers INTO v_noted
    FROM raw_changes AS c WHERE c.id = ANY(p_ids);
    SELECT array_agg(c.calendar) AS names, array_agg(c.clock) AS clocks INTO v_calendars
    FROM calendars_applied AS c
    WHERE c.calendar IN (SELECT z.calendar FROM assets AS z WHERE z.id = ANY(p_ids));
    v_days := days_of_many_due(
        p_ids, p_lookback_days, p_keep_rejects, p_stage, v_calendars.names, v_calendars.clocks);
    IF v_days = '{}' THEN
        RETURN;
    END IF;
    v_ids := ARRAY(SELECT d.id FROM unnest(v_days) AS d);
    DELETE FROM raw_changes AS c
    USING unnest(v_noted.ids, v_noted.writers) AS n (id, changed_by)
    WHERE c.id = n.id AND c.changed_by = n.changed_by AND n.id = ANY(v_ids);
    SELECT
        array_agg(a.days_read) AS days, array_agg(a.repaired_timehigh) AS highs,
        array_agg(a.repaired_timelow) AS lows
    INTO v_read
    FROM append_days_of_many(v_days, p_lookback_days) AS a;
    SELECT * INTO v_bars FROM append_bar_groups_of_many(v_days, v_calendars.names, v_calendars.clocks);
    v_bars_done := clock_timestamp();
    IF p_stage <> 'bars' THEN
        SELECT a.ids, a.bar_groups, a.vectors, a.live INTO v_emas_of, v_groups, v_vectors, v_live
        FROM append_ema_groups_of_many(
            v_days, v_bars.ids, v_bars.tfs, v_bars.by_rows, v_bars.rows, v_bars.prices,
            v_bars.bar_seqs, v_bars.begins, v_bars.closes, v_bars.bars_before, v_bars.late_ids,
            v_bars.late_tfs, v_bars.late_bars) AS a;
    END IF;
    RETURN QUERY
    SELECT
        r.*,
        CASE WHEN r.stage = 'bars' THEN v_bars_done - v_started ELSE clock_timestamp() - v_bars_done END
        / cardinality(v_days)
    FROM day_of_many_reported(
        v_days, v_read.days, v_read.highs, v_read.lows, v_bars.ids, v_bars.bar_groups,
        v_bars.late_ids, v_bars.late_tfs, v_bars.late_closed_at, v_emas_of, v_groups, v_vectors, v_live) AS r;
END;
$$;
