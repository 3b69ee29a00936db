-- audit_bars_rows: is every day in exactly one bar of a timeframe, and every bar shown once a day?
--   p_id           asset id
--   p_timeframes   what was built, as timeframes_built knows it; NULL: it is asked for
-- Returns   findings (error): duplicate_snapshot, several_closed_snapshots, closed_snapshot_missing,
--           rows_per_bar.
-- Errors    none.   Cost  one pass over the bars and the days.
-- Rule      bars follow each other row by row; all are closed but the newest. Snapshots are made of bars and
--           days: the last one of a closed bar from its bar, the others from its days. So a key can occur
--           twice only where a bar is stored twice, or where a closed bar's close is the stamp of one of its
--           earlier days, unless the days changed and the bars wait for their refresh.
CREATE OR REPLACE FUNCTION audit_bars_rows(p_id int, p_timeframes jsonb DEFAULT NULL)
RETURNS SETOF finding
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
SET enable_nestloop = off
SET work_mem = '64MB'
AS $$
DECLARE
    v_rows bigint;
BEGIN
    SELECT count(*) INTO v_rows FROM cmc_price_bars_1d AS d WHERE d.id = p_id;
    RETURN QUERY
    WITH stored AS (
        SELECT
            x.tf, x.bar_seq, x.time_close, x.first_row, x.last_row, x.is_closed,
            count(*) OVER bar AS copies,
            count(*) FILTER (WHERE x.is_closed) OVER bar AS closed_copies,
            lead(x.bar_seq) OVER w AS bar_after,
            lag(x.last_row) OVER w AS last_row_before
        FROM stored_bars(p_id) AS x
        WINDOW bar AS (PARTITION BY x.tf, x.bar_seq), w AS (PARTITION BY x.tf ORDER BY x.bar_seq, x.first_row)
    )
    SELECT
        v.name, 'error', p_id, b.tf, NULL::int, min(b.time_close), jsonb_build_object('n', count(*))
    FROM stored AS b
    INNER JOIN timeframes_built(p_id, p_timeframes) AS t ON t.tf = b.tf
    LEFT JOIN stored_days(p_id) AS d ON d."timestamp" = b.time_close
    CROSS JOIN LATERAL (VALUES
        ('duplicate_snapshot', b.copies > 1
            OR (t.settled AND b.is_closed AND d.bar_seq >= b.first_row AND d.bar_seq < b.last_row)),
        ('several_closed_snapshots', b.closed_copies > 1 AND b.is_closed),
        ('closed_snapshot_missing', NOT b.is_closed AND b.bar_after > b.bar_seq),
        ('rows_per_bar',
            (t.unit_kind = 'D' AND b.is_closed AND b.last_row - b.first_row + 1 <> t.tf_qty)
            OR b.last_row < b.first_row
            OR b.first_row <> b.last_row_before + 1
            OR (t.unit_kind = 'D' AND b.last_row_before IS NULL AND b.first_row <> 1)
            OR (t.settled AND b.bar_after IS NULL AND b.last_row <> v_rows))
    ) AS v (name, is_bad)
    WHERE v.is_bad
    GROUP BY v.name, b.tf;
END;
$$;
