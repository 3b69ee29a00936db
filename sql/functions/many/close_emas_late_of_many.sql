-- close_emas_late_of_many: make the vectors of bars that a new day closed late those of closed bars.
--   p_periods   all periods, ascending
--   p_ids, p_tfs, p_bars   an element for each of these bars (append_bar_groups_of_many)
--   p_rows      row number of the bar's last day
-- Returns   nothing.
-- Errors    TA030 a vector is missing, of another length or of a bar that was closed.
-- Cost      one vector for each; earlier closes are read by a seed only.
-- Rule      as append_emas, before it carries them on over the new day.
CREATE OR REPLACE FUNCTION close_emas_late_of_many(
    p_periods int[], p_ids int[], p_tfs text[], p_bars int[], p_rows int[])
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $$
DECLARE
    v_counts int[];
    v_seeds float8[];
    v_written int;
    v_kept record;
BEGIN
    v_counts := ARRAY(
        SELECT e.n_closed + 1
        FROM unnest(p_ids, p_tfs, p_bars) WITH ORDINALITY AS n (id, tf, bar_seq, i)
        LEFT JOIN emas AS e ON e.id = n.id AND e.tf = n.tf AND e.bar_seq = n.bar_seq
        ORDER BY n.i);
    v_seeds := ARRAY(
        SELECT CASE WHEN n.closed = ANY(p_periods) THEN closes_mean(n.id, n.tf, n.closed) END
        FROM unnest(p_ids, p_tfs, v_counts) WITH ORDINALITY AS n (id, tf, closed, i)
        ORDER BY n.i);
    WITH written AS (
        UPDATE emas AS e SET
            n_closed = e.n_closed + 1,
            bar_space = ema_step(a.alpha_bar, e.anchor, d.close)
            || CASE WHEN n.seed IS NOT NULL THEN ARRAY[n.seed] END,
            day_space = e.day_space || CASE WHEN n.seed IS NOT NULL THEN ARRAY[n.seed] END,
            anchor = NULL
        FROM unnest(p_ids, p_tfs, p_bars, p_rows, v_seeds) AS n (id, tf, bar_seq, row_no, seed)
        INNER JOIN cmc_price_bars_1d AS d ON d.id = n.id AND d.bar_seq = n.row_no
        INNER JOIN ema_alpha_vectors AS a ON a.tf = n.tf
        WHERE
            e.id = n.id AND e.tf = n.tf AND e.bar_seq = n.bar_seq AND e.anchor IS NOT NULL
            AND cardinality(a.periods) = cardinality(p_periods)
            AND cardinality(e.bar_space) = width_bucket(e.n_closed, p_periods)
            AND cardinality(e.day_space) = width_bucket(e.n_closed, p_periods)
        RETURNING e.id
    )
    SELECT count(*) INTO v_written FROM written;
    IF v_written IS DISTINCT FROM cardinality(p_ids) THEN
        PERFORM raise_emas_differ(p_ids[1], 'of this or of other assets in the list');
    END IF;
    FOR v_kept IN
        SELECT n.id, block_of_row(n.row_no + 3) AS block, array_agg(n.tf) AS tfs
        FROM unnest(p_ids, p_tfs, p_rows) AS n (id, tf, row_no)
        WHERE n.row_no = row_before_block(block_of_row(n.row_no + 3))
        GROUP BY n.id, n.row_no
    LOOP
        PERFORM keep_block_vectors(v_kept.id, v_kept.tfs, v_kept.block);
    END LOOP;
END;
$$;
