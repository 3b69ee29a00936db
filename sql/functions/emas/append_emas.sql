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
-- Rule      as compute_emas, one step of it.
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
    v_day date;
    v_day_before date;
    v_first_day date;
    v_block int := CASE WHEN p_row = row_before_block(block_of_row(p_row + 3))
        THEN block_of_row(p_row + 3) END;
BEGIN
    SELECT d.close, d.day INTO v_x, v_day
    FROM cmc_price_bars_1d AS d WHERE d.id = p_id AND d.bar_seq = p_row;
    SELECT d.close, d.day INTO v_x_before, v_day_before
    FROM cmc_price_bars_1d AS d WHERE d.id = p_id AND d.bar_seq = p_row - 1;
    SELECT d.day INTO v_first_day
    FROM cmc_price_bars_1d AS d WHERE d.id = p_id AND d.bar_seq = 1;

    -- A calendar bar that the day before left open closes now, if the new day lies beyond its window.
    WITH windows AS MATERIALIZED (
        SELECT c.tf, w.bar_seq
        FROM dim_timeframe AS c
        CROSS JOIN LATERAL (
            SELECT first_unit(c.unit_kind, c.tf_qty, c.allow_partial_start, v_first_day) AS first_unit
        ) AS u
        CROSS JOIN LATERAL (
            SELECT bar_of_unit(c.tf_qty, u.first_unit, calendar_unit(c.unit_kind, v_day_before)) AS bar_seq
        ) AS w
        WHERE
            c.tf = ANY(p_tfs) AND c.unit_kind <> 'D'
            AND calendar_unit(c.unit_kind, v_day_before) >= u.first_unit
            AND v_day_before < window_end(c.unit_kind, c.tf_qty, u.first_unit, w.bar_seq)
            AND v_day > window_end(c.unit_kind, c.tf_qty, u.first_unit, w.bar_seq)
    ),
    closing AS MATERIALIZED (
        SELECT
            e.tf, e.bar_seq, e.n_closed + 1 AS n_closed, e.day_space,
            ema_step(a.alphas, e.anchor, v_x_before) AS bar_space,
            CASE WHEN e.n_closed + 1 = ANY(p_periods) THEN ARRAY[(
                SELECT (0.0::float8 + sum(f.close ORDER BY f.bar_seq)) / (e.n_closed + 1)
                FROM (
                    SELECT b.close, b.bar_seq FROM bars AS b
                    WHERE b.id = p_id AND b.tf = e.tf AND b.is_closed
                    ORDER BY b.bar_seq
                    LIMIT e.n_closed + 1
                ) AS f)]
            END AS seed
        FROM windows AS w
        INNER JOIN emas AS e ON e.id = p_id AND e.tf = w.tf AND e.bar_seq = w.bar_seq
        CROSS JOIN LATERAL (
            SELECT array_agg(x.alpha_bar ORDER BY x.period) AS alphas
            FROM ema_alpha AS x WHERE x.tf = e.tf AND x.period = ANY(p_periods)
        ) AS a
    ),
    closed AS (
        INSERT INTO emas AS e (id, tf, bar_seq, n_closed, bar_space, day_space, anchor)
        SELECT p_id, c.tf, c.bar_seq, c.n_closed, c.bar_space || c.seed, c.day_space || c.seed, NULL
        FROM closing AS c
        ON CONFLICT (id, tf, bar_seq) DO UPDATE SET
            n_closed = excluded.n_closed, bar_space = excluded.bar_space, day_space = excluded.day_space,
            anchor = excluded.anchor
        RETURNING e.tf
    )
    SELECT coalesce(array_agg(c.tf), '{}') INTO twice FROM closed AS c;
    IF twice <> '{}' AND p_row - 1 = row_before_block(block_of_row(p_row + 2)) THEN
        PERFORM keep_block_vectors(p_id, twice, block_of_row(p_row + 2));
    END IF;

    WITH alphas AS MATERIALIZED (
        SELECT
            a.tf, array_agg(a.period) AS periods, array_agg(a.alpha_bar ORDER BY a.period) AS bar,
            array_agg(alpha_inside(c.allow_partial_start, a.alpha_day, a.alpha_equiv) ORDER BY a.period)
                AS inside
        FROM ema_alpha AS a INNER JOIN dim_timeframe AS c ON c.tf = a.tf
        WHERE a.tf = ANY(p_tfs) AND a.period = ANY(p_periods)
        GROUP BY a.tf
    ),
    frames AS MATERIALIZED (
        SELECT
            c.tf, c.unit_kind, c.tf_qty AS n, c.unit_kind = 'D' AS by_rows, a.bar AS alpha_bar,
                a.inside AS alpha_inside, a.periods AS alpha_periods,
            unit_of_day(c.unit_kind, p_row, v_day) AS unit,
            unit_of_day(c.unit_kind, p_row - 1, v_day_before) AS unit_before,
            first_unit(c.unit_kind, c.tf_qty, c.allow_partial_start, v_first_day) AS first_unit
        FROM dim_timeframe AS c
        LEFT JOIN alphas AS a ON a.tf = c.tf
        WHERE c.tf = ANY(p_tfs)
    ),
    placed AS MATERIALIZED (
        SELECT
            f.*, bar_of_unit(f.n, f.first_unit, f.unit) AS bar_seq,
            nullif(bar_of_unit(f.n, f.first_unit, f.unit_before), 0) AS bar_before,
            CASE
                WHEN f.by_rows THEN p_row % f.n = 0
                ELSE v_day = window_end(
                    f.unit_kind, f.n, f.first_unit, bar_of_unit(f.n, f.first_unit, f.unit))
            END AS closes
        FROM frames AS f
        WHERE f.unit >= f.first_unit
    ),
    -- The vector before: that of the same bar while it goes on, else that of the closed bar before it.
    stepping AS MATERIALIZED (
        SELECT
            p.*,
            CASE WHEN p.bar_before IS NULL THEN 0 ELSE e.n_closed END AS closed_before,
            CASE
                WHEN cardinality(p.alpha_bar) IS DISTINCT FROM cardinality(p_periods)
                    THEN raise_alpha_missing(p.tf, p_periods, p.alpha_periods)
                WHEN p.bar_before IS NULL THEN '{}'
                WHEN e.id IS NULL OR (p.bar_before = p.bar_seq) = (e.anchor IS NULL)
                    OR (cardinality(e.bar_space) IS DISTINCT FROM width_bucket(e.n_closed, p_periods)
                        AND (p_bar OR NOT p.by_rows))
                    OR (cardinality(e.day_space) IS DISTINCT FROM width_bucket(e.n_closed, p_periods)
                        AND p_day)
                    THEN raise_emas_differ(p_id, p.tf)
                WHEN p.bar_before = p.bar_seq THEN e.anchor
                ELSE coalesce(e.bar_space, '{}')
            END AS anchor,
            coalesce(e.bar_space, '{}') AS bar_space_before,
            coalesce(e.day_space, '{}') AS day_space_before
        FROM placed AS p
        LEFT JOIN emas AS e ON e.id = p_id AND e.tf = p.tf AND e.bar_seq = p.bar_before
    ),
    -- The seeds are means of the first closes: of bars, of days (1D too).
    seeded AS MATERIALIZED (
        SELECT
            s.*,
            CASE WHEN s.closes AND s.closed_before + 1 = ANY(p_periods) AND (p_bar OR NOT s.by_rows)
                THEN ARRAY[CASE WHEN s.tf <> '1D' THEN (
                    SELECT (0.0::float8 + sum(f.close ORDER BY f.bar_seq)) / (s.closed_before + 1)
                    FROM (
                        SELECT b.close, b.bar_seq FROM bars AS b
                        WHERE b.id = p_id AND b.tf = s.tf AND b.is_closed
                        ORDER BY b.bar_seq
                        LIMIT s.closed_before + 1
                    ) AS f)
                ELSE (
                    SELECT (0.0::float8 + sum(d.close ORDER BY d.bar_seq)) / p_row
                    FROM cmc_price_bars_1d AS d WHERE d.id = p_id AND d.bar_seq <= p_row)
                END] END AS bar_seed,
            CASE WHEN s.closes AND s.closed_before + 1 = ANY(p_periods) AND p_day AND s.by_rows
                THEN ARRAY[(
                    SELECT (0.0::float8 + sum(d.close ORDER BY d.bar_seq)) / p_row
                    FROM cmc_price_bars_1d AS d WHERE d.id = p_id AND d.bar_seq <= p_row)] END AS day_seed
        FROM stepping AS s
    ),
    stepped AS MATERIALIZED (
        SELECT
            s.tf, s.bar_seq, s.by_rows,
            s.closed_before + CASE WHEN s.closes THEN 1 ELSE 0 END AS n_closed,
            CASE
                WHEN s.by_rows AND NOT p_bar THEN NULL
                WHEN s.by_rows OR s.closes THEN ema_step(s.alpha_bar, s.anchor, v_x) || s.bar_seed
                ELSE ema_step(s.alpha_inside, s.bar_space_before, v_x)
            END AS bar_space,
            CASE
                WHEN NOT p_day THEN NULL
                ELSE ema_step(s.alpha_inside, s.day_space_before, v_x)
                    || CASE WHEN s.by_rows THEN s.day_seed ELSE s.bar_seed END
            END AS day_space,
            CASE WHEN NOT s.closes THEN s.anchor END AS anchor
        FROM seeded AS s
    ),
    written AS (
        INSERT INTO emas AS e (id, tf, bar_seq, n_closed, bar_space, day_space, anchor)
        SELECT p_id, s.tf, s.bar_seq, s.n_closed, s.bar_space, s.day_space, s.anchor
        FROM stepped AS s
        ON CONFLICT (id, tf, bar_seq) DO UPDATE SET
            n_closed = excluded.n_closed, bar_space = excluded.bar_space, day_space = excluded.day_space,
            anchor = excluded.anchor
        RETURNING e.tf, coalesce(cardinality(e.bar_space), cardinality(e.day_space)) AS n_live
    )
    SELECT array_agg(w.tf), array_agg(w.n_live), array_agg(p.bar_before IS DISTINCT FROM p.bar_seq)
    INTO tfs, lengths, begins
    FROM written AS w INNER JOIN placed AS p ON p.tf = w.tf;

    IF v_block IS NOT NULL AND p_day THEN
        PERFORM keep_block_vectors(p_id, p_tfs, v_block);
    END IF;
END;
$$;
