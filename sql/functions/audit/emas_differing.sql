-- emas_differing: vectors of EMAs that aren't what bars and days make of them, bit for bit.
--   p_id       asset id
--   p_series   what was built, as series_built knows it; NULL: it is asked for
-- Returns   a row per vector: the group that keeps it, its space ('bar', 'day', 'anchor', 'block': the one
--           two days before a block of 64 days, bar_seq being the block), ts of its bar, is_surplus: there
--           is none; what it should be and what is stored (NULL: nothing), and so the count of closed bars.
-- Errors    TA030 a close is NULL.   Cost  that of building all vectors.
-- Rule      emas_of_days makes them, from nothing. Only timeframes with nothing waiting, built with the
--           periods of today, are judged, and none whose alphas aren't what their formulas give.
CREATE OR REPLACE FUNCTION emas_differing(p_id int, p_series jsonb DEFAULT NULL)
RETURNS TABLE (
    ema_group text, tf text, bar_seq int, space text, ts timestamptz, is_surplus boolean,
    is_closed boolean, n_closed int, n_closed_stored int, should_be float8[], stored float8[])
LANGUAGE plpgsql STABLE ROWS 10
SET search_path FROM CURRENT
SET enable_nestloop = off
SET enable_mergejoin = off
SET work_mem = '64MB'
AS $$
#variable_conflict use_column
DECLARE
    v_periods int[];
    v_tfs text[];
    v_vectors computed_vector[];
    v_blocks computed_block[];
BEGIN
    SELECT coalesce(array_agg(p.period ORDER BY p.period), '{}') INTO v_periods FROM dim_period AS p;
    v_tfs := ARRAY(
        SELECT s.tf FROM series_built(p_id, p_series) AS s WHERE s.settled AND s.periods = v_periods::text
        EXCEPT SELECT w.tf FROM wrong_alphas() AS w WHERE w.name <> 'alpha_equiv');
    IF v_tfs = '{}' THEN
        RETURN;
    END IF;
    SELECT o.vectors, o.blocks INTO v_vectors, v_blocks FROM emas_of_days(p_id, v_periods, v_tfs) AS o;
    RETURN QUERY
    WITH spaces AS MATERIALIZED (
        SELECT s.tf, s.ema_group, v.space
        FROM series_built(p_id, p_series) AS s
        CROSS JOIN LATERAL (VALUES
            ('bar', s.in_bar), ('anchor', s.in_bar), ('day', s.in_day), ('block', s.in_day)
        ) AS v (space, is_kept)
        WHERE s.settled AND s.periods = v_periods::text AND s.tf = ANY(v_tfs) AND v.is_kept
    ),
    vectors AS MATERIALIZED (
        SELECT
            coalesce(e.tf, o.tf) AS tf, coalesce(e.bar_seq, o.bar_seq) AS bar_seq, e.tf IS NULL AS is_surplus,
            e.anchor IS NULL AS is_closed, e.n_closed, o.n_closed AS n_closed_stored,
            e.bar_space, e.day_space, e.anchor, o.bar_space AS bar_stored, o.day_space AS day_stored,
            o.anchor AS anchor_stored
        FROM (SELECT x.* FROM unnest(v_vectors) AS x) AS e
        FULL JOIN stored_vectors(p_id, v_tfs) AS o
            ON o.tf = e.tf AND o.bar_seq = e.bar_seq
        WHERE e.tf IS NULL OR o.tf IS NULL OR record_image_ne(e, o)
    )
    SELECT
        s.ema_group, d.tf, d.bar_seq, s.space,
        coalesce(b.time_close, r."timestamp"),
        d.is_surplus, d.is_closed, d.n_closed, d.n_closed_stored,
        v.should_be, v.stored
    FROM vectors AS d
    INNER JOIN spaces AS s ON s.tf = d.tf
    INNER JOIN LATERAL (VALUES
        ('bar', d.bar_space, d.bar_stored), ('day', d.day_space, d.day_stored),
        ('anchor', d.anchor, d.anchor_stored)
    ) AS v (space, should_be, stored) ON v.space = s.space
    LEFT JOIN stored_bars(p_id) AS b ON b.tf = d.tf AND b.bar_seq = d.bar_seq
    LEFT JOIN stored_days(p_id) AS r ON r.bar_seq = d.bar_seq AND d.tf = '1D'
    WHERE record_image_ne(ROW(d.n_closed, v.should_be), ROW(d.n_closed_stored, v.stored))
    UNION ALL
    SELECT
        s.ema_group, s.tf, coalesce(n.block, k.block), s.space, NULL, n.tf IS NULL, NULL, NULL, NULL,
        n.day_space, k.day_space
    FROM unnest(v_blocks) AS n
    FULL JOIN stored_vector_blocks(p_id, v_tfs) AS k
        ON k.tf = n.tf AND k.block = n.block
    INNER JOIN spaces AS s ON s.tf = coalesce(n.tf, k.tf) AND s.space = 'block'
    WHERE n.tf IS NULL OR k.tf IS NULL OR record_image_ne(n, k);
END;
$$;
