-- bars_summary: what is built, per family, asset and timeframe, for people.
--   p_ids   asset ids; NULL: all
-- Returns   counts, range and shares of snapshots and bars.
-- Errors    none.   Cost  one pass over the bars and their snapshots' missing days (windows over the days).
-- Rule      figures are over the relation that users read.
CREATE OR REPLACE FUNCTION bars_summary(p_ids int[] DEFAULT NULL)
RETURNS TABLE (
    family text, id int, tf text, n_snapshots bigint, n_bars bigint, n_closed bigint,
    first_time_open timestamptz, last_time_close timestamptz, snapshots_per_bar float8, share_closed float8,
    share_missing_days float8, share_partial_start float8, tf_days_min int, tf_days_max int,
    count_days_min int, count_days_max int, count_days_remaining_min int, count_days_remaining_max int)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT
        f.family, v.id, v.tf, count(*), count(DISTINCT v.bar_seq),
        count(*) FILTER (WHERE NOT v.is_partial_end), min(v.time_open), max(v.time_close),
        count(*)::float8 / count(DISTINCT v.bar_seq),
        count(*) FILTER (WHERE NOT v.is_partial_end)::float8 / count(*),
        count(*) FILTER (WHERE v.is_missing_days)::float8 / count(*),
        count(*) FILTER (WHERE v.is_partial_start)::float8 / count(*), min(v.tf_days), max(v.tf_days),
        min(v.count_days), max(v.count_days), min(v.count_days_remaining), max(v.count_days_remaining)
    FROM bar_snapshot_rows AS v
    INNER JOIN dim_timeframe AS t ON t.tf = v.tf
    CROSS JOIN LATERAL unnest(string_to_array(t.family, '|')) AS f (family)
    WHERE p_ids IS NULL OR v.id = ANY(p_ids)
    GROUP BY f.family, v.id, v.tf, t.display_order
    ORDER BY
        v.id, (SELECT min(x.ordinal) FROM taxonomy() AS x WHERE x.family = f.family), t.display_order, v.tf;
END;
$$;
