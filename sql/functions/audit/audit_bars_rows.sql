-- audit_bars_rows: is every day in exactly one bar of a timeframe, and every bar shown once a day?
--   p_ids   asset ids; NULL: all
-- Returns   findings (error): duplicate_snapshot, several_closed_snapshots, closed_snapshot_missing,
--           rows_per_bar.
-- Errors    none.   Cost  one pass over the bars, an index probe per closed bar.
-- Rule      bars follow each other row by row; all are closed but the newest. Snapshots are made of bars and
--           days: the last one of a closed bar from its bar, the others from its days. So a key can occur
--           twice only where a bar is stored twice, or where a closed bar's close is the stamp of one of its
--           earlier days, unless the days changed and the bars wait for their refresh.
CREATE OR REPLACE FUNCTION audit_bars_rows(p_ids int[] DEFAULT NULL)
RETURNS TABLE ("check" text, severity text, id int, tf text, period int, ts timestamptz, detail jsonb)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
SET jit = off
SET plan_cache_mode = force_custom_plan
AS $$
#variable_conflict use_column
DECLARE
    -- One asset by its name: so it reaches every table behind a view.
    v_only int := CASE WHEN cardinality(p_ids) = 1 THEN p_ids[1] END;
BEGIN
    IF goes_one_by_one(p_ids) THEN
        RETURN QUERY
        SELECT f.* FROM unnest(coalesce(p_ids, ARRAY(SELECT k.id FROM asset_ids() AS k (id)))) AS a (id)
        CROSS JOIN LATERAL audit_bars_rows(ARRAY[a.id]) AS f;
        RETURN;
    END IF;
    RETURN QUERY
    WITH judged AS (
        SELECT
            b.*,
            b.copies > 1 OR (t.settled AND b.is_closed AND EXISTS (
                SELECT 1 FROM cmc_price_bars_1d AS d
                WHERE
                    d.id = b.id AND (p_ids IS NULL OR d.id = ANY(p_ids)) AND d."timestamp" = b.time_close
                    AND d.bar_seq >= b.first_row AND d.bar_seq < b.last_row
            )) AS duplicated,
            b.closed_copies > 1 AND b.is_closed AS closed_twice,
            NOT b.is_closed AND b.bar_seq < b.newest_bar AS not_closed,
            (t.unit_kind = 'D' AND b.is_closed AND b.last_row - b.first_row + 1 <> t.tf_qty)
            OR b.last_row < b.first_row
            OR b.first_row <> b.last_row_before + 1
            OR (t.unit_kind = 'D' AND b.last_row_before IS NULL AND b.first_row <> 1)
            OR (t.settled AND b.bar_seq = b.newest_bar AND b.last_row <> l.n_rows) AS miscounted
        FROM (
            SELECT
                x.id, x.tf, x.bar_seq, x.time_close, x.first_row, x.last_row, x.is_closed,
                count(*) OVER bar AS copies,
                count(*) FILTER (WHERE x.is_closed) OVER bar AS closed_copies,
                max(x.bar_seq) OVER (PARTITION BY x.id, x.tf) AS newest_bar,
                lag(x.last_row) OVER (PARTITION BY x.id, x.tf ORDER BY x.bar_seq, x.first_row)
                    AS last_row_before
            FROM bars AS x
            WHERE p_ids IS NULL OR x.id = ANY(p_ids)
            WINDOW bar AS (PARTITION BY x.id, x.tf, x.bar_seq)
        ) AS b
        INNER JOIN built_timeframes AS t ON t.id = b.id AND t.tf = b.tf AND (v_only IS NULL OR t.id = v_only)
        LEFT JOIN (
            SELECT d.id, count(*) AS n_rows FROM cmc_price_bars_1d AS d
            WHERE p_ids IS NULL OR d.id = ANY(p_ids)
            GROUP BY d.id
        ) AS l ON l.id = b.id
    )
    SELECT
        v.name, 'error', j.id, j.tf, NULL::int, min(j.time_close), jsonb_build_object('n', count(*))
    FROM judged AS j
    CROSS JOIN LATERAL (VALUES
        ('duplicate_snapshot', j.duplicated),
        ('several_closed_snapshots', j.closed_twice),
        ('closed_snapshot_missing', j.not_closed),
        ('rows_per_bar', j.miscounted)
    ) AS v (name, is_bad)
    WHERE v.is_bad
    GROUP BY v.name, j.id, j.tf;
END;
$$;
