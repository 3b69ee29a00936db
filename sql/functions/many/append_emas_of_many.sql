-- append_emas_of_many: carry the EMA vectors of some assets over one new day, the newest.
--   p_periods   all periods, ascending
--   p_ids .. p_bars_before   as append_bar_groups_of_many returns them, and an element for 1D of each asset
--   p_prices    the close of the new day, for each of these elements
-- Returns   arrays with an element for each vector written: ids, tfs, lengths: number of live periods.
-- Errors    TA030 the vector that the day continues is missing or of another length, or an alpha is.
-- Cost      one vector per asset and timeframe; earlier closes are read by a seed only.
-- Rule      as append_emas, once bars that closed late are closed: one step of walk_emas in both spaces.
CREATE OR REPLACE FUNCTION append_emas_of_many(
    p_periods int[], p_ids int[], p_tfs text[], p_by_rows boolean[], p_rows int[], p_bar_seqs int[],
    p_begins boolean[], p_closes boolean[], p_bars_before int[], p_prices float8[],
    OUT ids int[], OUT tfs text[], OUT lengths int[])
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
DECLARE
    v_closing record;
    v_bar_seeds float8[];
    v_day_seeds float8[];
    v_begun record;
BEGIN
    -- A period that goes live has the mean of the first closes: of bars, of days (1D too).
    SELECT
        array_agg(n.i) AS positions, array_agg(n.id) AS ids, array_agg(n.tf) AS tfs,
        array_agg(n.row_no) AS rows, array_agg(coalesce(e.n_closed, 0) + 1) AS counts,
        array_agg(n.by_rows) AS by_rows
    INTO v_closing
    FROM unnest(p_ids, p_tfs, p_by_rows, p_rows, p_closes, p_bars_before) WITH ORDINALITY
        AS n (id, tf, by_rows, row_no, closes, bar_before, i)
    LEFT JOIN emas AS e ON e.id = n.id AND e.tf = n.tf AND e.bar_seq = n.bar_before
    WHERE n.closes AND coalesce(e.n_closed, 0) + 1 = ANY(p_periods);
    SELECT array_agg(q.bar_seed ORDER BY a.i), array_agg(q.day_seed ORDER BY a.i)
    INTO v_bar_seeds, v_day_seeds
    FROM generate_subscripts(p_ids, 1) AS a (i)
    LEFT JOIN (
        SELECT
            s.position, closes_mean(s.id, s.tf, s.n) AS bar_seed,
            CASE WHEN s.by_rows THEN closes_mean(s.id, '1D', s.row_no) ELSE closes_mean(s.id, s.tf, s.n) END
            AS day_seed
        FROM unnest(
            v_closing.positions, v_closing.ids, v_closing.tfs, v_closing.rows, v_closing.counts,
            v_closing.by_rows) AS s (position, id, tf, row_no, n, by_rows)
    ) AS q ON q.position = a.i;

    WITH written AS (
        UPDATE emas AS e SET
            n_closed = e.n_closed + n.closes::int,
            bar_space = ema_step(
                CASE WHEN n.closes OR n.by_rows THEN a.alpha_bar ELSE a.alpha_inside END,
                CASE WHEN n.closes OR n.by_rows THEN e.anchor ELSE e.bar_space END, n.price)
            || CASE WHEN n.bar_seed IS NOT NULL THEN ARRAY[n.bar_seed] END,
            day_space = ema_step(a.alpha_inside, e.day_space, n.price)
            || CASE WHEN n.day_seed IS NOT NULL THEN ARRAY[n.day_seed] END,
            anchor = CASE WHEN NOT n.closes THEN e.anchor END
        FROM unnest(
            p_ids, p_tfs, p_by_rows, p_bar_seqs, p_begins, p_closes, p_prices, v_bar_seeds, v_day_seeds)
            AS n (id, tf, by_rows, bar_seq, begins, closes, price, bar_seed, day_seed)
        CROSS JOIN LATERAL (SELECT v.* FROM ema_alpha_vectors AS v WHERE v.tf = n.tf OFFSET 0) AS a
        WHERE
            e.id = n.id AND e.tf = n.tf AND e.bar_seq = n.bar_seq AND NOT n.begins
            AND e.anchor IS NOT NULL AND cardinality(a.periods) = cardinality(p_periods)
            AND cardinality(e.bar_space) = width_bucket(e.n_closed, p_periods)
            AND cardinality(e.day_space) = width_bucket(e.n_closed, p_periods)
        RETURNING e.id, e.tf, cardinality(e.bar_space) AS n_live
    )
    SELECT array_agg(w.id), array_agg(w.tf), array_agg(w.n_live) INTO ids, tfs, lengths FROM written AS w;
    WITH written AS (
        INSERT INTO emas AS e (id, tf, bar_seq, n_closed, bar_space, day_space, anchor)
        SELECT
            n.id, n.tf, n.bar_seq, b.n_closed + n.closes::int,
            ema_step(
                CASE WHEN n.closes OR n.by_rows THEN a.alpha_bar ELSE a.alpha_inside END, b.bar_space,
                n.price)
            || CASE WHEN n.bar_seed IS NOT NULL THEN ARRAY[n.bar_seed] END,
            ema_step(a.alpha_inside, b.day_space, n.price)
            || CASE WHEN n.day_seed IS NOT NULL THEN ARRAY[n.day_seed] END,
            CASE WHEN NOT n.closes THEN b.bar_space END
        FROM unnest(
            p_ids, p_tfs, p_by_rows, p_bar_seqs, p_begins, p_closes, p_bars_before, p_prices, v_bar_seeds,
            v_day_seeds)
            AS n (id, tf, by_rows, bar_seq, begins, closes, bar_before, price, bar_seed, day_seed)
        CROSS JOIN LATERAL (SELECT v.* FROM ema_alpha_vectors AS v WHERE v.tf = n.tf OFFSET 0) AS a
        LEFT JOIN emas AS o ON o.id = n.id AND o.tf = n.tf AND o.bar_seq = n.bar_before
        CROSS JOIN LATERAL (
            SELECT
                coalesce(o.n_closed, 0) AS n_closed, coalesce(o.bar_space, '{}') AS bar_space,
                coalesce(o.day_space, '{}') AS day_space
        ) AS b
        WHERE
            n.begins AND o.anchor IS NULL AND (o.id IS NOT NULL) = (n.bar_before IS NOT NULL)
            AND cardinality(a.periods) = cardinality(p_periods)
            AND cardinality(b.bar_space) = width_bucket(b.n_closed, p_periods)
            AND cardinality(b.day_space) = width_bucket(b.n_closed, p_periods)
        RETURNING e.id, e.tf, cardinality(e.bar_space) AS n_live
    )
    SELECT array_agg(w.id) AS ids, array_agg(w.tf) AS tfs, array_agg(w.n_live) AS lengths INTO v_begun
    FROM written AS w;
    ids := ids || v_begun.ids;
    tfs := tfs || v_begun.tfs;
    lengths := lengths || v_begun.lengths;
    IF cardinality(ids) IS DISTINCT FROM cardinality(p_ids) THEN
        PERFORM raise_emas_differ(p_ids[1], 'of this or of other assets in the list');
    END IF;
END;
$$;
