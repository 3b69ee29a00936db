-- day_of_many_reported: what refresh_bars and refresh_emas would have said of one more day of each of some
--   assets.
--   p_days    how their days stood before (days_of_many_due)
--   p_days_read, p_repaired_timehigh, p_repaired_timelow   an element for each of them
--   p_ids, p_groups, p_bars, p_vectors, p_live   for each asset and group of bars: bars and vectors written,
--                                                live series
-- Returns   rows as refresh_day_of_many.
-- Errors    none.   Cost  twelve rows an asset.
-- Rule      shared months and years count for the first family, and variant, that reads them.
CREATE OR REPLACE FUNCTION day_of_many_reported(
    p_days day_facts[], p_days_read int[], p_repaired_timehigh int[], p_repaired_timelow int[], p_ids int[],
    p_groups text[], p_bars int[], p_vectors int[], p_live int[])
RETURNS TABLE (
    id int, stage text, family text, action text, dirty_from timestamptz, written int, deleted int,
    days_read int, rejected int, repaired_timehigh int, repaired_timelow int, series int
)
LANGUAGE plpgsql IMMUTABLE
SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH asset AS MATERIALIZED (
        SELECT d.id, d.dirty_from, u.days_read, u.timehigh, u.timelow
        FROM unnest(p_days) WITH ORDINALITY AS d
        INNER JOIN unnest(p_days_read, p_repaired_timehigh, p_repaired_timelow) WITH ORDINALITY
            AS u (days_read, timehigh, timelow, i) ON u.i = d.ordinality
    ),
    counted AS MATERIALIZED (
        SELECT
            x.ordinal, x.variant, x.family, x.variant = x.family AS is_bars,
            x.ordinal = min(x.ordinal) OVER (PARTITION BY x.bar_group) AS counts_bars,
            x.ordinal = min(x.ordinal) OVER (PARTITION BY x.ema_group) AS counts_emas,
            c.id, c.n_bars, c.n_vectors, c.n_live
        FROM taxonomy() AS x
        LEFT JOIN unnest(p_ids, p_groups, p_bars, p_vectors, p_live)
            AS c (id, bar_group, n_bars, n_vectors, n_live) ON c.bar_group = x.bar_group
    ),
    reported AS (
        SELECT a.id, 'bars' AS stage, '1d' AS family, 0 AS place, 1 AS written, NULL::int AS series
        FROM asset AS a
        UNION ALL
        SELECT
            c.id, 'bars', c.family, min(c.ordinal), sum(c.n_bars) FILTER (WHERE c.counts_bars)::int, NULL
        FROM counted AS c WHERE c.is_bars GROUP BY c.id, c.family
        UNION ALL
        SELECT
            c.id, 'emas', c.variant, 100 + min(c.ordinal), sum(c.n_vectors) FILTER (WHERE c.counts_emas)::int,
            sum(c.n_live)::int
        FROM counted AS c GROUP BY c.id, c.variant
    )
    SELECT
        a.id, r.stage, r.family, 'append', a.dirty_from, coalesce(r.written, 0), 0,
        CASE WHEN r.place = 0 THEN a.days_read ELSE 0 END, 0,
        CASE WHEN r.place = 0 THEN a.timehigh ELSE 0 END, CASE WHEN r.place = 0 THEN a.timelow ELSE 0 END,
        r.series
    FROM reported AS r
    INNER JOIN asset AS a ON a.id = r.id
    ORDER BY a.id, r.place;
END;
$$;
