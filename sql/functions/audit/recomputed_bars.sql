-- recomputed_bars: every bar as it follows from the validated days, by another road than the one that builds
--   them.
--   p_ids   asset ids; NULL: all
-- Returns   the columns of bars for every settled timeframe, and least_time_open: the earliest opening of its
--           days.
-- Errors    none.   Cost  a pass over the days for each length of unit, one over the volumes for each
--           timeframe.
-- Rule      days are gathered into units first (calendar units; for N-day bars the greatest common divisor of
--           N and 2520 rows), units into bars; volumes are added from the left. Extremes are found by rank,
--           ties go to the earliest time.
CREATE OR REPLACE FUNCTION recomputed_bars(p_ids int[] DEFAULT NULL)
RETURNS TABLE (
    id int, tf text, bar_seq int, first_row int, last_row int, days_remaining int, missing_start int,
    missing_interior int, missing_end int, is_closed boolean, first_missing_day date, last_missing_day date,
    time_open timestamptz, time_close timestamptz, time_high timestamptz, time_low timestamptz, open float8,
    high float8, low float8, close float8, volume float8, market_cap float8, least_time_open timestamptz)
LANGUAGE plpgsql STABLE ROWS 20000
SET search_path FROM CURRENT
SET jit = off
SET plan_cache_mode = force_custom_plan
SET enable_nestloop = off
SET enable_mergejoin = off
SET work_mem = '64MB'
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH zones AS MATERIALIZED (
        SELECT z.id, z.tz, row_number() OVER (ORDER BY z.id, z.tz) AS asset
        FROM (SELECT DISTINCT s.id, s.tz FROM bars_state AS s WHERE p_ids IS NULL OR s.id = ANY(p_ids)) AS z
    ),
    days AS MATERIALIZED (
        SELECT
            w.*,
            CASE WHEN w.market_cap IS NOT NULL THEN w.row_no END AS cap_row,
            -- The first day missing after a row, the last one missing before it.
            min(w.skipped_from) OVER (
                PARTITION BY w.id, w.asset ORDER BY w.row_no DESC
                ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
            ) AS next_missing,
            max(w.skipped_to) OVER (PARTITION BY w.id, w.asset ORDER BY w.row_no) AS last_missing
        FROM (
            SELECT
                r.*,
                row_number() OVER (
                    PARTITION BY r.id, r.asset ORDER BY r.high, r.time_high DESC, r.row_no DESC) AS high_rank,
                row_number() OVER (
                    PARTITION BY r.id, r.asset ORDER BY r.low DESC, r.time_low DESC, r.row_no DESC)
                        AS low_rank,
                CASE WHEN r.day > r.day_before + 1 THEN r.day_before + 1 END AS skipped_from,
                CASE WHEN r.day > r.day_before + 1 THEN r.day - 1 END AS skipped_to
            FROM (
                SELECT
                    d.id, z.asset, d."timestamp" AS ts, x.day, d.time_open AS day_open,
                    d.time_high, d.time_low, d.open, d.high, d.low, d.close, d.volume, d.market_cap,
                    (row_number() OVER w)::int AS row_no,
                    lag(d."timestamp") OVER w AS ts_before,
                    lag(x.day) OVER w AS day_before
                FROM cmc_price_bars_1d AS d
                INNER JOIN zones AS z ON z.id = d.id
                CROSS JOIN LATERAL (SELECT (d."timestamp" AT TIME ZONE z.tz)::date AS day) AS x
                WINDOW w AS (PARTITION BY d.id, z.asset ORDER BY d."timestamp")
            ) AS r
        ) AS w
    ),
    assets AS MATERIALIZED (
        SELECT
            d.asset, min(d.day) AS first_day, max(d.row_no) AS n_rows,
                array_agg(d.volume ORDER BY d.row_no) AS volumes
        FROM days AS d
        GROUP BY d.asset
    ),
    frames AS MATERIALIZED (
        SELECT
            f.*, row_number() OVER (ORDER BY f.asset, f.tf) AS frame,
            dense_rank() OVER (ORDER BY f.asset, f.kind, f.size) AS lane
        FROM (
            SELECT
                t.id, t.tf, z.asset, t.unit_kind AS kind, t.tf_qty AS n, a.first_day, a.n_rows,
                CASE WHEN t.unit_kind = 'D' THEN gcd(t.tf_qty, 2520) ELSE 1 END AS size,
                timeframe_first_unit(t.tf, a.first_day) AS first_unit
            FROM built_timeframes AS t
            INNER JOIN zones AS z ON z.id = t.id AND z.tz = t.tz
            INNER JOIN assets AS a ON a.asset = z.asset
            WHERE t.settled
        ) AS f
    ),
    units AS MATERIALIZED (
        SELECT
            k.lane, u.unit, min(d.row_no) AS first_row, max(d.row_no) AS last_row,
            max(d.high_rank) AS high_rank, max(d.low_rank) AS low_rank, max(d.cap_row) AS cap_row,
            min(d.day_open) AS least_open
        FROM (SELECT DISTINCT f.lane, f.asset, f.kind, f.size FROM frames AS f) AS k
        INNER JOIN days AS d ON d.asset = k.asset
        CROSS JOIN LATERAL (
            SELECT CASE WHEN k.kind = 'D' THEN (d.row_no - 1) / k.size
                ELSE calendar_unit(k.kind, d.day) END AS unit
        ) AS u
        GROUP BY k.lane, u.unit
    ),
    runs AS MATERIALIZED (
        SELECT
            t.frame, s.bar_seq, min(t.asset) AS asset, min(u.first_row) AS first_row,
                max(u.last_row) AS last_row,
            max(u.high_rank) AS high_rank, max(u.low_rank) AS low_rank, max(u.cap_row) AS cap_row,
            min(u.least_open) AS least_open
        FROM frames AS t
        INNER JOIN units AS u ON u.lane = t.lane
        CROSS JOIN LATERAL (
            SELECT CASE
                WHEN t.kind = 'D' THEN u.unit / (t.n / t.size) + 1
                WHEN u.unit >= t.first_unit THEN (u.unit - t.first_unit) / t.n + 1
            END AS bar_seq
        ) AS s
        WHERE s.bar_seq IS NOT NULL
        GROUP BY t.frame, s.bar_seq
    ),
    volumes AS MATERIALIZED (
        SELECT
            r.frame, r.bar_seq,
            (SELECT sum(x.volume) FROM unnest(y.volumes[r.first_row:r.last_row]) AS x (volume)) AS volume
        FROM runs AS r
        INNER JOIN assets AS y ON y.asset = r.asset
    ),
    shaped AS MATERIALIZED (
        SELECT
            t.id, t.tf, r.bar_seq, r.first_row, r.last_row, r.least_open,
            a.day AS first_day, l.day AS last_day, e.window_end, e.expected_start,
            t.kind = 'D' AS by_rows, t.n,
            CASE WHEN t.kind = 'D' THEN r.last_row - r.first_row + 1 = t.n
                ELSE l.day = e.window_end OR r.last_row < t.n_rows END AS is_closed,
            CASE WHEN a.next_missing < l.day THEN a.next_missing END AS first_inside,
            CASE WHEN l.last_missing > a.day THEN l.last_missing END AS last_inside,
            coalesce(a.ts_before, a.ts - interval '24 hours') + interval '1 millisecond' AS time_open,
            l.ts AS time_close, h.time_high, w.time_low, a.open,
            -- 0.0 and -0.0 are one price: the earlier day's spelling is kept.
            CASE WHEN h.high <> 0 THEN h.high ELSE (
                SELECT d.high FROM days AS d
                WHERE d.asset = r.asset AND d.row_no BETWEEN r.first_row AND r.last_row AND d.high = 0
                ORDER BY d.row_no LIMIT 1) END AS high,
            CASE WHEN w.low <> 0 THEN w.low ELSE (
                SELECT d.low FROM days AS d
                WHERE d.asset = r.asset AND d.row_no BETWEEN r.first_row AND r.last_row AND d.low = 0
                ORDER BY d.row_no LIMIT 1) END AS low,
            l.close, v.volume, c.market_cap
        FROM runs AS r
        INNER JOIN frames AS t ON t.frame = r.frame
        INNER JOIN volumes AS v ON v.frame = r.frame AND v.bar_seq = r.bar_seq
        INNER JOIN days AS a ON a.asset = r.asset AND a.row_no = r.first_row
        INNER JOIN days AS l ON l.asset = r.asset AND l.row_no = r.last_row
        INNER JOIN days AS h ON h.asset = r.asset AND h.high_rank = r.high_rank
        INNER JOIN days AS w ON w.asset = r.asset AND w.low_rank = r.low_rank
        -- Market capitalisation is carried forward inside the bar only.
        LEFT JOIN days AS c ON c.asset = r.asset AND c.row_no = r.cap_row
        CROSS JOIN LATERAL (
            SELECT
                CASE WHEN t.kind <> 'D' THEN unit_first_day(t.kind, t.first_unit + r.bar_seq * t.n) - 1 END
                    AS window_end,
                CASE WHEN t.kind <> 'D' THEN
                    greatest(unit_first_day(t.kind, t.first_unit + (r.bar_seq - 1) * t.n), t.first_day)
                ELSE a.day END AS expected_start
        ) AS e
    )
    SELECT
        m.id, m.tf, m.bar_seq, m.first_row, m.last_row, m.days_remaining, m.missing_start, m.missing_interior,
        m.missing_end, m.is_closed,
        CASE WHEN m.missing_start > 0 THEN m.expected_start
            ELSE coalesce(m.first_inside, CASE WHEN m.missing_end > 0 THEN m.last_day + 1 END) END,
        CASE WHEN m.missing_end > 0 THEN m.window_end
            ELSE coalesce(m.last_inside, CASE WHEN m.missing_start > 0 THEN m.first_day - 1 END) END,
        m.time_open, m.time_close, m.time_high, m.time_low, m.open, m.high, m.low, m.close, m.volume,
            m.market_cap,
        m.least_open
    FROM (
        SELECT
            s.*,
            CASE WHEN s.by_rows THEN s.n - (s.last_row - s.first_row + 1) WHEN s.is_closed THEN 0
                ELSE s.window_end - s.last_day END AS days_remaining,
            s.first_day - s.expected_start AS missing_start,
            s.last_day - s.first_day - (s.last_row - s.first_row) AS missing_interior,
            CASE WHEN s.by_rows OR NOT s.is_closed THEN 0 ELSE s.window_end - s.last_day END AS missing_end
        FROM shaped AS s
    ) AS m;
END;
$$;
