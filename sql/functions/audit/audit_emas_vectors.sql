-- audit_emas_vectors: is every vector of EMAs what bars and days make of it, bit for bit?
--   p_id       asset id
--   p_series   what was built, as series_built knows it; NULL: it is asked for
-- Returns   findings (error), detail with variant: ema_vector_missing, ema_n_closed, ema_vector_length,
--           ema_not_finite, ema_seed, ema_bar_recursion, ema_day_recursion, ema_forming, ema_out_of_range
--           (per variant, tf and period), ema_block (vectors from which blocks of days are read),
--           ema_v1_v2_1d.
-- Errors    TA030 a close is NULL.   Cost  that of emas_differing, which says what is judged.
-- Rule      a mean of the first closes is a seed, every other value a step.
CREATE OR REPLACE FUNCTION audit_emas_vectors(p_id int, p_series jsonb DEFAULT NULL)
RETURNS SETOF finding
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
DECLARE
    v_periods int[];
    v_lowest float8;
    v_highest float8;
    v_unlike int[];
BEGIN
    SELECT coalesce(array_agg(p.period ORDER BY p.period), '{}') INTO v_periods FROM dim_period AS p;
    SELECT min(d.close) - 1e-9::float8 * abs(min(d.close)), max(d.close) + 1e-9::float8 * abs(max(d.close))
    INTO v_lowest, v_highest
    FROM cmc_price_bars_1d AS d WHERE d.id = p_id;
    RETURN QUERY
    WITH differing AS MATERIALIZED (
        SELECT d.* FROM emas_differing(p_id, p_series) AS d
    ),
    judged AS (
        -- Values of vectors that are as long as they should be.
        SELECT
            x.name, d.ema_group, d.tf, u.period, d.bar_seq, d.space, d.ts, to_jsonb(u.value) AS should_be,
            to_jsonb(u.stored) AS stored
        FROM differing AS d
        CROSS JOIN LATERAL unnest(v_periods, d.should_be, d.stored) AS u (period, value, stored)
        CROSS JOIN LATERAL (
            SELECT CASE
                WHEN u.stored IS NULL OR u.stored IN ('NaN', 'Infinity', '-Infinity') THEN 'ema_not_finite'
                WHEN NOT d.is_closed THEN 'ema_forming'
                WHEN d.n_closed = u.period THEN 'ema_seed'
                WHEN d.space = 'bar' THEN 'ema_bar_recursion'
                ELSE 'ema_day_recursion'
            END
            UNION ALL
            SELECT 'ema_out_of_range'
            WHERE u.stored NOT BETWEEN v_lowest AND v_highest
                AND u.stored NOT IN ('NaN', 'Infinity', '-Infinity')
        ) AS x (name)
        WHERE
            d.space IN ('bar', 'day') AND cardinality(d.stored) = cardinality(d.should_be)
            AND u.period <= d.n_closed AND bits_differ(u.value, u.stored)
        UNION ALL
        SELECT x.name, d.ema_group, d.tf, NULL, d.bar_seq, d.space, d.ts, x.should_be, x.stored
        FROM differing AS d
        CROSS JOIN LATERAL (VALUES
            ('ema_block', d.space = 'block', NULL::jsonb, NULL::jsonb),
            ('ema_vector_missing', d.space IN ('bar', 'day') AND (d.is_surplus OR d.stored IS NULL),
                NULL, NULL),
            ('ema_n_closed', d.space IN ('bar', 'day') AND d.n_closed <> d.n_closed_stored,
                to_jsonb(d.n_closed), to_jsonb(d.n_closed_stored)),
            ('ema_vector_length',
                d.space IN ('bar', 'day') AND cardinality(d.stored) <> cardinality(d.should_be),
                to_jsonb(cardinality(d.should_be)), to_jsonb(cardinality(d.stored))),
            ('ema_forming', d.space = 'anchor' AND d.n_closed_stored IS NOT NULL
                AND bits_differ(d.should_be, d.stored) AND NOT d.is_surplus, NULL, NULL)
        ) AS x (name, is_bad, should_be, stored)
        WHERE x.is_bad
    )
    SELECT
        j.name, 'error', p_id, j.tf, j.period, min(j.ts),
        jsonb_strip_nulls(jsonb_build_object(
            'variant', j.ema_group, 'n', count(*), 'bar_seq', min(j.bar_seq),
            'expected', (array_agg(j.should_be ORDER BY j.bar_seq, j.space))[1],
            'actual', (array_agg(j.stored ORDER BY j.bar_seq, j.space))[1]))
    FROM judged AS j
    GROUP BY j.name, j.ema_group, j.tf, j.period;
    SELECT array_agg(e.bar_seq) INTO v_unlike FROM emas AS e
    WHERE e.id = p_id AND e.tf = '1D' AND bits_differ(e.bar_space, e.day_space);
    IF v_unlike IS NULL THEN
        RETURN;
    END IF;
    RETURN QUERY
    SELECT
        'ema_v1_v2_1d', 'error', p_id, s.tf, NULL::int, min(d."timestamp"),
        jsonb_build_object('variant', s.ema_group, 'n', count(*), 'bar_seq', min(e.bar_seq))
    FROM unnest(v_unlike) AS e (bar_seq)
    CROSS JOIN series_built(p_id, p_series) AS s
    LEFT JOIN stored_days(p_id) AS d ON d.bar_seq = e.bar_seq
    WHERE
        s.tf = '1D' AND s.settled AND NOT s.in_bar
        AND EXISTS (
            SELECT 1 FROM series_built(p_id, p_series) AS o
            WHERE o.tf = '1D' AND o.settled AND o.in_bar AND o.periods = s.periods)
    GROUP BY s.ema_group, s.tf;
END;
$$;
