-- ema_matrix: the EMAs of many periods of one asset and timeframe, a row per day, for modelling.
--   p_variant, p_id, p_tf   as in ema_series
--   p_periods   periods, each in dim_period; NULL: all, ascending
--   p_from, p_to   p_from <= ts < p_to; NULL: open end. Values don't depend on the range
-- Returns   per day on which one of the periods lives: ts, roll as in the variant's relation, emas: column
--           ema of each period in the order of the periods, NULL where one doesn't live yet.
-- Errors    as ema_series.
-- Cost      0.06 us per day and live period and 3 us per day, from the block of 64 days in which the range
--           begins.
-- Rule      the same bits as the variant's relation. Long, since each space has a road of its own: stored
--           vectors, days inside bars, and the walk over days.
CREATE OR REPLACE FUNCTION ema_matrix(
    p_variant text, p_id int, p_tf text, p_periods int[] DEFAULT NULL, p_from timestamptz DEFAULT NULL,
    p_to timestamptz DEFAULT NULL
)
RETURNS TABLE (ts timestamptz, roll boolean, emas float8[])
LANGUAGE plpgsql STABLE ROWS 5000
SET search_path FROM CURRENT
SET jit = off
AS $$
#variable_conflict use_column
DECLARE
    v_variant text := resolve_variant(p_variant);
    v_group text := ema_group_of(v_variant, p_tf);
    v_in_bar_space boolean;
    v_alpha text;
    v_n int := timeframe_qty(p_tf);
    v_stored int[];
    v_positions int[];
    v_shortest int;
    v_whole int;
    v_hidden_from timestamptz;
    v_last timestamptz;
    v_row int;
    v_closes float8[];
    v_alphas float8[];
    v_init float8[];
    v_seed_at int[];
    v_seeds float8[];
BEGIN
    PERFORM check_ema_read(v_variant, p_tf, p_periods, p_from, p_to);
    PERFORM check_asset(p_id);
    SELECT
        coalesce(q.periods, s.periods), coalesce(q.last_ts, s.last_ts),
        least((
            SELECT min(m.hidden_from) FROM ema_marks AS m
            WHERE
                m.id = p_id AND m.version > coalesce(q.marks_read, s.marks_read)
                AND m.output IN ('1d', s.bar_group)
        ), coalesce(p_to, 'infinity'))
    INTO v_stored, v_last, v_hidden_from
    FROM emas_state AS s
    LEFT JOIN emas_pending AS q ON q.id = s.id AND q.ema_group = s.ema_group AND q.tf = p_tf
    WHERE
        s.id = p_id AND s.ema_group = v_group AND p_tf = ANY(s.tfs);
    IF NOT FOUND THEN
        RETURN;
    END IF;
    SELECT array_agg(CASE WHEN w.period = ANY(v_stored) THEN array_position(v_stored, w.period) END
        ORDER BY w.i)
    INTO v_positions
    FROM unnest(coalesce(p_periods, ARRAY(SELECT p.period FROM dim_period AS p ORDER BY p.period)))
        WITH ORDINALITY AS w (period, i);
    v_shortest := (SELECT min(p.i) FROM unnest(v_positions) AS p (i));
    IF v_shortest IS NULL THEN
        RETURN;
    END IF;
    -- Where all that is stored is wanted in its order, a full vector is the answer as it stands.
    IF v_positions = ARRAY(SELECT generate_series(1, cardinality(v_stored))) THEN
        v_whole := cardinality(v_stored);
    END IF;
    SELECT x.ema_space = 'bar', x.alpha_inside INTO v_in_bar_space, v_alpha
    FROM taxonomy() AS x WHERE x.variant = v_variant AND x.ema_group = v_group;
    SELECT array_agg(
        CASE v_alpha
            WHEN 'alpha_bar' THEN a.alpha_bar
            WHEN 'alpha_equiv' THEN a.alpha_equiv
            ELSE a.alpha_day
        END ORDER BY a.period)
    INTO v_alphas
    FROM ema_alpha AS a WHERE a.tf = p_tf AND a.period = ANY(v_stored);

    IF v_in_bar_space OR p_tf = '1D' THEN
        RETURN QUERY
        SELECT m.ts, m.roll, CASE WHEN cardinality(m.v) = v_whole THEN m.v ELSE pick_lanes(m.v,
            v_positions) END
        FROM (
            SELECT
                d."timestamp" AS ts, d.bar_seq % v_n > 0 AS roll,
                CASE
                    WHEN d.bar_seq % v_n > 0 THEN ema_step(v_alphas, y.bar_space, d.close)
                    WHEN v_in_bar_space THEN e.bar_space
                    ELSE e.day_space
                END AS v
            FROM cmc_price_bars_1d AS d
            LEFT JOIN emas AS e
                ON d.bar_seq % v_n = 0 AND e.id = p_id AND e.tf = p_tf AND e.bar_seq = d.bar_seq / v_n
            LEFT JOIN emas AS y
                ON d.bar_seq % v_n > 0 AND y.id = p_id AND y.tf = p_tf AND y.bar_seq = d.bar_seq / v_n
            WHERE
                d.id = p_id AND d."timestamp" >= coalesce(p_from, '-infinity') AND d."timestamp" <= v_last
                AND d."timestamp" < v_hidden_from
        ) AS m
        WHERE cardinality(m.v) >= v_shortest
        ORDER BY m.ts;
        RETURN;
    END IF;

    -- Day space: from the block in which the range begins, through all its days.
    SELECT d.block INTO v_row FROM cmc_price_bars_1d AS d
    WHERE d.id = p_id AND d."timestamp" >= coalesce(p_from, '-infinity') ORDER BY d."timestamp" LIMIT 1;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    SELECT b.day_space INTO v_init FROM emas_at_blocks AS b
    WHERE b.id = p_id AND b.tf = p_tf AND b.block = v_row;
    v_row := greatest(row_before_block(v_row), 0);
    SELECT array_agg(d.close ORDER BY d.bar_seq) INTO v_closes
    FROM cmc_price_bars_1d AS d WHERE d.id = p_id AND d.bar_seq > v_row AND d."timestamp" <= v_last;
    -- Periods that go live in between start with the stored value of the bar that seeds them.
    SELECT array_agg(b.last_row - v_row ORDER BY p.i), array_agg(b.v ORDER BY p.i) INTO v_seed_at, v_seeds
    FROM unnest(v_stored) WITH ORDINALITY AS p (period, i)
    LEFT JOIN LATERAL (
        SELECT r.last_row, e.day_space[p.i] AS v
        FROM emas AS e
        INNER JOIN bars AS r ON r.id = p_id AND r.tf = p_tf AND r.bar_seq = e.bar_seq
        WHERE e.id = p_id AND e.tf = p_tf AND e.n_closed = p.period AND r.is_closed AND e.anchor IS NULL
            AND p.i > coalesce(cardinality(v_init), 0) AND r.time_close <= v_last
    ) AS b ON true;
    RETURN QUERY
    SELECT d."timestamp", r.bar_seq IS NULL, CASE WHEN cardinality(l.v) = v_whole THEN l.v
        ELSE pick_lanes(l.v, v_positions) END
    FROM ema_lanes(
        v_closes, ARRAY(SELECT generate_series(1, cardinality(v_closes))), v_alphas, v_init, v_seed_at,
            v_seeds) AS l
    INNER JOIN cmc_price_bars_1d AS d ON d.id = p_id AND d.bar_seq = v_row + l.n
    LEFT JOIN bars AS r ON r.id = p_id AND r.tf = p_tf AND r.is_closed AND r.last_row = d.bar_seq
    WHERE
        cardinality(l.v) >= v_shortest AND d."timestamp" >= coalesce(p_from, '-infinity')
        AND d."timestamp" < v_hidden_from
    ORDER BY d."timestamp";
END;
$$;
