-- append_ema_groups_of_many: carry all vectors of some assets over the new day, and write down in their
--   states that they hold it.
--   p_days   how their days stood before the new one (days_of_many_due)
--   p_ids .. p_bars_before   as append_bar_groups_of_many returns them
--   p_late_ids, p_late_tfs, p_late_bars   the bars that the new day closed late
-- Returns   arrays with an element for each asset and group of bars that has vectors: ids, bar_groups,
--           vectors written (those that were closed late twice), live: live series.
-- Errors    as append_emas_of_many.   Cost  that of append_emas_of_many, a row per asset and group.
-- Rule      as append_ema_groups; 1D is a bar of a day.
CREATE OR REPLACE FUNCTION append_ema_groups_of_many(
    p_days day_facts[], p_ids int[], p_tfs text[], p_by_rows boolean[], p_rows int[], p_prices float8[],
    p_bar_seqs int[], p_begins boolean[], p_closes boolean[], p_bars_before int[], p_late_ids int[],
    p_late_tfs text[], p_late_bars int[],
    OUT ids int[], OUT bar_groups text[], OUT vectors int[], OUT live int[])
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
DECLARE
    v_now timestamptz := now();
    v_periods int[] := ARRAY(SELECT p.period FROM dim_period AS p ORDER BY p.period);
    v_days record;
    v_vectors record;
    v_of day_facts;
    v_tfs text[];
BEGIN
    IF p_late_ids <> '{}' THEN
        PERFORM close_emas_late_of_many(v_periods, p_late_ids, p_late_tfs, p_late_bars, (
            SELECT array_agg(d.n_rows ORDER BY l.i)
            FROM unnest(p_late_ids) WITH ORDINALITY AS l (id, i)
            INNER JOIN unnest(p_days) AS d ON d.id = l.id));
    END IF;
    SELECT
        array_agg(d.id) AS ids, array_agg('1D'::text) AS tfs, array_agg(d.n_rows + 1) AS rows,
        array_agg(true) AS yes, array_agg(d.n_rows) AS before, array_agg(n.close) AS prices
    INTO v_days
    FROM unnest(p_days) AS d
    INNER JOIN cmc_price_bars_1d AS n ON n.id = d.id AND n.bar_seq = d.n_rows + 1;
    SELECT * INTO v_vectors
    FROM append_emas_of_many(
        v_periods, p_ids || v_days.ids, p_tfs || v_days.tfs, p_by_rows || v_days.yes, p_rows || v_days.rows,
        p_bar_seqs || v_days.rows, p_begins || v_days.yes, p_closes || v_days.yes,
        p_bars_before || v_days.before, p_prices || v_days.prices);
    FOREACH v_of IN ARRAY p_days LOOP
        IF v_of.n_rows + 1 = row_before_block(block_of_row(v_of.n_rows + 4)) THEN
            SELECT array_agg(v.tf) INTO v_tfs
            FROM unnest(v_vectors.ids, v_vectors.tfs) AS v (id, tf) WHERE v.id = v_of.id;
            PERFORM keep_block_vectors(v_of.id, v_tfs, block_of_row(v_of.n_rows + 4));
        END IF;
    END LOOP;

    SELECT
        array_agg(c.id), array_agg(c.bar_group), array_agg(c.written), array_agg(c.n_live)
    INTO ids, bar_groups, vectors, live
    FROM (
        SELECT w.id, t.bar_group, count(*)::int AS written, sum(w.n_live)::int AS n_live
        FROM (
            SELECT v.id, v.tf, v.n_live FROM unnest(v_vectors.ids, v_vectors.tfs, v_vectors.lengths)
                AS v (id, tf, n_live)
            UNION ALL
            SELECT l.id, l.tf, 0 FROM unnest(p_late_ids, p_late_tfs) AS l (id, tf)
        ) AS w
        INNER JOIN dim_timeframe AS t ON t.tf = w.tf
        GROUP BY w.id, t.bar_group
    ) AS c;
    UPDATE emas_state AS e SET
        last_ts = d.dirty_from, n_rows = d.n_rows + 1, series = coalesce(c.n_live, e.series),
        marks_read = coalesce((SELECT max(m.version) FROM marks AS m WHERE m.id = e.id), 0),
        updated_at = v_now
    FROM unnest(p_days) AS d
    CROSS JOIN stored_groups() AS x
    LEFT JOIN unnest(ids, bar_groups, live) AS c (id, bar_group, n_live)
        ON c.id = d.id AND c.bar_group = x.bar_group
    WHERE e.id = d.id AND e.ema_group = x.ema_group;
END;
$$;
