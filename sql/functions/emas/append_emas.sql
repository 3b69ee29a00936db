-- append_emas: carry the EMA vectors of some timeframes over one new day, the newest.
--   p_id        asset id
--   p_periods   all periods, ascending
--   p_tfs       timeframes whose bars include the new day and whose vectors stand at the day before
--   p_row       row number (1d bar_seq) of the new day
--   p_bar, p_day   N-day timeframes: bar space, day space
-- Returns   tfs: timeframes with a vector of the day; lengths: their numbers of live periods; begins: a bar
--           begins with the day; twice: timeframes where the day also closed the bar of the day before.
-- Errors    TA020 an alpha is missing, TA030 the vector that the day continues is missing.
-- Cost      one vector per timeframe, two where the day closes a bar late; earlier closes are read by a seed
--           only.
-- Rule      as walk_emas, one step of it. Which bars begin and close is what bars say.
CREATE OR REPLACE FUNCTION append_emas(
    p_id int, p_periods int[], p_tfs text[], p_row int, p_bar boolean, p_day boolean,
    OUT tfs text[], OUT lengths int[], OUT begins boolean[], OUT twice text[]
)
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
SET plan_cache_mode = force_generic_plan
AS $$
#variable_conflict use_column
DECLARE
    v_x float8;
    v_x_before float8;
    v_vectors computed_vector[];
    v_closed computed_vector[];
BEGIN
    SELECT
        max(d.close) FILTER (WHERE d.bar_seq = p_row), max(d.close) FILTER (WHERE d.bar_seq = p_row - 1)
    INTO v_x, v_x_before
    FROM cmc_price_bars_1d AS d WHERE d.id = p_id AND d.bar_seq IN (p_row - 1, p_row);
    SELECT
        array_agg(s.tf), array_agg(coalesce(cardinality(s.bar_space), cardinality(s.day_space))),
        array_agg(s.begins), coalesce(array_agg(s.tf) FILTER (WHERE s.is_late), '{}'),
        array_agg(s.vector), array_agg(s.closed) FILTER (WHERE s.is_late)
    INTO tfs, lengths, begins, twice, v_vectors, v_closed
    FROM (
        SELECT
            t.tf, t.begins, t.is_late, t.bar_space, t.day_space,
            ROW(p_id, t.tf, t.bar_seq, t.closed_before + t.closes::int, t.bar_space, t.day_space,
                CASE WHEN NOT t.closes THEN t.anchor END)::computed_vector AS vector,
            CASE WHEN t.is_late THEN
                ROW(p_id, t.tf, t.bar_before, t.closed_before, t.anchor, t.day_before, NULL)::computed_vector
            END AS closed
        FROM (
            -- A period that goes live has the mean of the first closes: of bars, of days (1D too).
            SELECT
                c.*,
                CASE WHEN p_bar OR NOT c.by_rows THEN
                    ema_step(c.alpha, c.bar_before_space, v_x)
                    || CASE WHEN c.seeds THEN ARRAY[closes_mean(p_id, c.tf, c.closed_before + 1)] END
                END AS bar_space,
                CASE WHEN p_day THEN
                    ema_step(c.alpha_inside, c.day_before, v_x)
                    || CASE WHEN c.seeds THEN ARRAY[CASE WHEN c.by_rows THEN closes_mean(p_id, '1D', p_row)
                        ELSE closes_mean(p_id, c.tf, c.closed_before + 1) END] END
                END AS day_space
            FROM (
                SELECT
                    l.*, l.closes AND l.closed_before + 1 = ANY(p_periods) AS seeds,
                    CASE WHEN l.by_rows OR l.closes THEN l.alpha_bar ELSE l.alpha_inside END AS alpha,
                    CASE WHEN l.by_rows OR l.closes OR l.begins THEN l.anchor ELSE l.inside END
                        AS bar_before_space
                FROM (
                    -- A bar that the day before left forming is closed by a day that lies beyond it.
                    SELECT
                        f.tf, f.by_rows, f.alpha_bar, f.alpha_inside, f.bar_seq, f.begins, f.closes,
                        f.bar_before, f.bar_space AS inside, d.is_late,
                        f.n_closed + d.is_late::int AS closed_before,
                        CASE
                            WHEN d.is_late THEN ema_step(f.alpha_bar, f.anchor, v_x_before) || d.seed
                            WHEN f.begins THEN f.bar_space
                            ELSE f.anchor
                        END AS anchor,
                        f.day_space || d.seed AS day_before
                    FROM day_frames(p_id, p_periods, p_tfs, p_row, p_bar, p_day) AS f
                    CROSS JOIN LATERAL (
                        SELECT
                            f.begins AND f.anchor IS NOT NULL AS is_late,
                            CASE WHEN f.begins AND f.anchor IS NOT NULL AND f.n_closed + 1 = ANY(p_periods)
                                THEN ARRAY[closes_mean(p_id, f.tf, f.n_closed + 1)] END AS seed
                    ) AS d
                    OFFSET 0
                ) AS l
                OFFSET 0
            ) AS c
            OFFSET 0
        ) AS t
    ) AS s;
    IF v_closed IS NOT NULL THEN
        UPDATE emas AS e SET
            n_closed = n.n_closed, bar_space = n.bar_space, day_space = n.day_space, anchor = n.anchor
        FROM unnest(v_closed) AS n
        WHERE e.id = p_id AND e.tf = n.tf AND e.bar_seq = n.bar_seq;
        IF p_row - 1 = row_before_block(block_of_row(p_row + 2)) THEN
            PERFORM keep_block_vectors(p_id, twice, block_of_row(p_row + 2));
        END IF;
    END IF;
    INSERT INTO emas AS e (id, tf, bar_seq, n_closed, bar_space, day_space, anchor)
    SELECT p_id, n.tf, n.bar_seq, n.n_closed, n.bar_space, n.day_space, n.anchor
    FROM unnest(v_vectors) AS n
    ON CONFLICT (id, tf, bar_seq) DO UPDATE SET
        n_closed = excluded.n_closed, bar_space = excluded.bar_space, day_space = excluded.day_space,
        anchor = excluded.anchor;
    IF p_day AND p_row = row_before_block(block_of_row(p_row + 3)) THEN
        PERFORM keep_block_vectors(p_id, p_tfs, block_of_row(p_row + 3));
    END IF;
END;
$$;
