-- day_of_many_reported: what refresh_bars and refresh_emas would have said of one more day of each of some
--   assets.
--   p_days    how their days stood before (days_of_many_due)
--   p_days_read, p_repaired_timehigh, p_repaired_timelow   an element for each of them
--   p_ids, p_bar_groups   an element for each bar written, p_late_ids, p_late_tfs, p_late_closed_at   for
--           each that was closed late (append_bar_groups_of_many)
--   p_emas_of, p_groups, p_vectors, p_live   for each asset and group of bars that has EMAs: vectors written,
--           live series; NULL: no EMAs were asked for
-- Returns   rows as refresh_day_of_many.
-- Errors    none.   Cost  twelve rows an asset.
-- Rule      shared months and years count for the first family, and variant, that reads them. What is shown
--           of EMAs may change from the last day of a bar on that was closed late.
CREATE OR REPLACE FUNCTION day_of_many_reported(
    p_days day_facts[], p_days_read int[], p_repaired_timehigh int[], p_repaired_timelow int[], p_ids int[],
    p_bar_groups text[], p_late_ids int[], p_late_tfs text[], p_late_closed_at timestamptz[], p_emas_of int[],
    p_groups text[], p_vectors int[], p_live int[])
RETURNS TABLE (
    id int, stage text, family text, action text, dirty_from timestamptz, written int, deleted int,
    days_read int, rejected int, repaired_timehigh int, repaired_timelow int, series int
)
LANGUAGE plpgsql STABLE
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
    bars_of AS MATERIALIZED (
        SELECT w.id, w.bar_group, count(*)::int AS written, min(w.closed_at) AS closed_at
        FROM (
            SELECT b.id, b.bar_group, NULL::timestamptz AS closed_at
            FROM unnest(p_ids, p_bar_groups) AS b (id, bar_group)
            UNION ALL
            SELECT l.id, t.bar_group, l.closed_at
            FROM unnest(p_late_ids, p_late_tfs, p_late_closed_at) AS l (id, tf, closed_at)
            INNER JOIN dim_timeframe AS t ON t.tf = l.tf
        ) AS w
        GROUP BY w.id, w.bar_group
    ),
    counted AS MATERIALIZED (
        SELECT
            a.id, x.ordinal, x.variant, x.family, x.variant = x.family AS is_bars, b.written,
            p_emas_of IS NOT NULL AS has_emas,
            least(a.dirty_from, b.closed_at) AS shown_from, v.written AS vectors, v.live,
            x.ordinal = min(x.ordinal) OVER (PARTITION BY a.id, x.bar_group) AS counts_bars,
            x.ordinal = min(x.ordinal) OVER (PARTITION BY a.id, x.ema_group) AS counts_emas
        FROM asset AS a
        CROSS JOIN taxonomy() AS x
        LEFT JOIN bars_of AS b ON b.id = a.id AND b.bar_group = x.bar_group
        LEFT JOIN unnest(p_emas_of, p_groups, p_vectors, p_live) AS v (id, bar_group, written, live)
            ON v.id = a.id AND v.bar_group = x.bar_group
    ),
    reported AS (
        SELECT
            a.id, 'bars' AS stage, '1d' AS family, 0 AS place, a.dirty_from, 1 AS written, NULL::int AS series
        FROM asset AS a
        UNION ALL
        SELECT
            c.id, 'bars', c.family, min(c.ordinal), NULL, sum(c.written) FILTER (WHERE c.counts_bars)::int,
            NULL
        FROM counted AS c WHERE c.is_bars GROUP BY c.id, c.family
        UNION ALL
        SELECT
            c.id, 'emas', c.variant, 100 + min(c.ordinal), min(c.shown_from) FILTER (WHERE c.counts_emas),
            sum(c.vectors) FILTER (WHERE c.counts_emas)::int, coalesce(sum(c.live), 0)::int
        FROM counted AS c WHERE c.has_emas GROUP BY c.id, c.variant
    )
    SELECT
        a.id, r.stage, r.family, 'append', coalesce(r.dirty_from, a.dirty_from), coalesce(r.written, 0), 0,
        CASE WHEN r.place = 0 THEN a.days_read ELSE 0 END, 0,
        CASE WHEN r.place = 0 THEN a.timehigh ELSE 0 END, CASE WHEN r.place = 0 THEN a.timelow ELSE 0 END,
        r.series
    FROM reported AS r
    INNER JOIN asset AS a ON a.id = r.id
    ORDER BY a.id, r.place;
END;
$$;
