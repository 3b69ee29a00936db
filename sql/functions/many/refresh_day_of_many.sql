-- refresh_day_of_many: bring those of some assets up to date that take one more day and nothing else: days,
--   bars and EMAs, in one transaction.
--   p_ids            assets, at most some hundred: they stay locked until the transaction ends
--   p_lookback_days, p_keep_rejects   as in refresh_bars
-- Returns   for each asset that was brought up to date what refresh_bars and refresh_emas say of it: id,
--           stage (bars, emas), family or variant, action, dirty_from, written (days, bars or vectors),
--           deleted, days_read, rejected, repaired_timehigh, repaired_timelow, series, elapsed (an asset's
--           share). No row: the asset is as it was, call refresh_emas for it.
-- Errors    TA004 bad look-back, 40001 a raw day changed meanwhile, TA030 state and data of one of them
--           disagree: nothing of the call is kept, and a call for each asset tells which it is.
-- Locks     the assets' rows in cmc_price_bars_1d_state; waits for none.
-- Cost      a third of the calls for each asset: statements, plans and look-ups are shared.
-- Rule      leaves what those calls leave, bit for bit. A query about a list of assets can't be planned for
--           one partition, and no node of a cluster could run it: there every asset is called by itself.
CREATE OR REPLACE FUNCTION refresh_day_of_many(
    p_ids int[], p_lookback_days int DEFAULT 3, p_keep_rejects boolean DEFAULT true)
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
    v_noted record;
    v_periods int[] := ARRAY(SELECT p.period FROM dim_period AS p ORDER BY p.period);
    v_days day_facts[];
    v_ids int[];
    v_read record;
    v_due record;
    v_bars record;
    v_vectors record;
    v_counted record;
BEGIN
    PERFORM check_examined(p_lookback_days, NULL, NULL);
    IF is_cluster() THEN
        RETURN;
    END IF;
    -- What another refresh holds is left to a call of its own, so that it doesn't hold up the others.
    p_ids := ARRAY(
        SELECT s.id FROM cmc_price_bars_1d_state AS s WHERE s.id = ANY(p_ids)
        ORDER BY s.id FOR UPDATE SKIP LOCKED);
    -- Of notes that come from here on nothing is known: they stay for another call.
    SELECT array_agg(c.id) AS ids, array_agg(c.changed_by) AS writers INTO v_noted
    FROM raw_changes AS c WHERE c.id = ANY(p_ids);
    v_days := days_of_many_due(p_ids, p_lookback_days, p_keep_rejects);
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

    SELECT array_agg(d.id) AS ids, array_agg(t.tf) AS tfs, array_agg(d.n_rows + 1) AS rows INTO v_due
    FROM unnest(v_days) AS d
    INNER JOIN bars_state AS s ON s.id = d.id
    CROSS JOIN LATERAL unnest(s.tfs) AS t (tf);
    SELECT * INTO v_bars FROM append_bars_of_many(v_due.ids, v_due.tfs, v_due.rows);
    v_bars_done := clock_timestamp();
    SELECT
        v_bars.ids || array_agg(d.id) AS ids, v_bars.tfs || array_agg('1D'::text) AS tfs,
        v_bars.rows || array_agg(d.n_rows + 1) AS rows,
        v_bars.bar_seqs || array_agg(d.n_rows + 1) AS bar_seqs,
        v_bars.begins || array_agg(true) AS begins, v_bars.closes || array_agg(true) AS closes,
        v_bars.bars_before || array_agg(d.n_rows) AS bars_before
    INTO v_due
    FROM unnest(v_days) AS d;
    SELECT * INTO v_vectors
    FROM append_emas_of_many(
        v_periods, v_due.ids, v_due.tfs, v_due.rows, v_due.bar_seqs, v_due.begins, v_due.closes,
        v_due.bars_before);
    PERFORM keep_blocks_of_many(v_days);

    SELECT
        array_agg(c.id) AS ids, array_agg(c.bar_group) AS groups, array_agg(c.n_vectors) AS vectors,
        array_agg(c.n_bars) AS bars, array_agg(c.n_live) AS live
    INTO v_counted
    FROM (
        SELECT
            v.id, t.bar_group, count(*)::int AS n_vectors,
            count(*) FILTER (WHERE v.tf <> '1D')::int AS n_bars,
            sum(v.n_live)::int AS n_live
        FROM unnest(v_vectors.ids, v_vectors.tfs, v_vectors.lengths) AS v (id, tf, n_live)
        INNER JOIN dim_timeframe AS t ON t.tf = v.tf
        GROUP BY v.id, t.bar_group
    ) AS c;
    PERFORM record_day_of_many(v_days, v_counted.ids, v_counted.groups, v_counted.live);

    RETURN QUERY
    SELECT
        r.*,
        CASE WHEN r.stage = 'bars' THEN v_bars_done - v_started ELSE clock_timestamp() - v_bars_done END
        / cardinality(v_days)
    FROM day_of_many_reported(
        v_days, v_read.days, v_read.highs, v_read.lows, v_counted.ids, v_counted.groups, v_counted.bars,
        v_counted.vectors, v_counted.live) AS r;
END;
$$;
