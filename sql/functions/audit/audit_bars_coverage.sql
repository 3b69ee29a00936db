-- audit_bars_coverage: are there bars of exactly the timeframes that were built?
--   p_id           asset id
--   p_timeframes   what was built, as timeframes_built knows it; NULL: it is asked for
-- Returns   findings: coverage_missing (error, one per family; of n_expected timeframes n_missing have no
--           bar), coverage_unexpected (error; settled bars of an asset without days, or bars of a timeframe
--           that the catalogue doesn't give).
-- Errors    none.   Cost  the states, the catalogue and the keys of the bars.
-- Rule      due is what was built, is settled, and has a day in its first window or later; what was never
--           built, or came new into the catalogue, waits for the next refresh.
CREATE OR REPLACE FUNCTION audit_bars_coverage(p_id int, p_timeframes jsonb DEFAULT NULL)
RETURNS SETOF finding
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
DECLARE
    v_first_day date;
    v_last_day date;
    v_known text[];
BEGIN
    SELECT min(d.day), max(d.day) INTO v_first_day, v_last_day FROM cmc_price_bars_1d AS d WHERE d.id = p_id;
    SELECT array_agg(t.tf) INTO v_known FROM dim_timeframe AS t WHERE t.tf <> '1D';
    RETURN QUERY
    WITH stored AS MATERIALIZED (
        SELECT b.* FROM stored_bar_counts(p_id) AS b
    ),
    built AS MATERIALIZED (
        SELECT t.* FROM timeframes_built(p_id, p_timeframes) AS t
    )
    SELECT
        'coverage_missing', 'error', p_id, NULL::text, NULL::int, NULL::timestamptz,
        jsonb_build_object(
            'family', c.family, 'n_expected', c.n_expected, 'n_actual', c.n_actual,
            'n_missing', c.n_expected - c.n_actual,
            'share', (c.n_expected - c.n_actual)::float8 / c.n_expected, 'tfs', c.tfs)
    FROM (
        SELECT
            f.family, count(*) AS n_expected, count(s.tf) AS n_actual,
            jsonb_agg(t.tf ORDER BY t.tf) FILTER (WHERE s.tf IS NULL) AS tfs
        FROM built AS t
        CROSS JOIN LATERAL unnest(string_to_array(t.family, '|')) AS f (family)
        LEFT JOIN stored AS s ON s.tf = t.tf
        WHERE
            t.settled
            AND (t.unit_kind = 'D' OR calendar_unit(t.unit_kind, v_last_day)
                >= first_unit(t.unit_kind, t.tf_qty, t.is_anchored, v_first_day, t.session_before))
        GROUP BY f.family
    ) AS c
    WHERE c.n_actual < c.n_expected
    UNION ALL
    SELECT
        'coverage_unexpected', 'error', p_id, s.tf, NULL::int, s.first_close, jsonb_build_object('n', s.n)
    FROM stored AS s
    WHERE
        (s.tf = ANY(v_known)) IS NOT TRUE
        OR (
            v_first_day IS NULL
            AND NOT EXISTS (SELECT 1 FROM built AS t WHERE t.tf = s.tf AND NOT t.settled));
END;
$$;
