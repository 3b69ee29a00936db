-- audit_bars_content: recompute every bar from the validated days and compare it with what is stored, bit for
--   bit.
--   p_ids   asset ids; NULL: all
-- Returns   findings (error): bar_numbering (numbers missing in n_gaps runs, the longest max_gap; bars
--           without a day in their window: n_surplus), bar_content (n bars, the columns that differ),
--           bar_continuity (n bars that don't open 1 ms after the day before them), bar_times (n).
-- Errors    none.   Cost  a pass over the days for each length of unit, one over the volumes for each
--           timeframe, one over the bars.
-- Rule      only settled timeframes are judged; one without any bar is a matter of coverage. Bars are made by
--           another road than the one that builds them: days are gathered into units first (calendar units;
--           for N-day bars the greatest common divisor of N and 2520 rows), units into bars; volumes are
--           added from the left. Extremes are found by rank, ties go to the earliest time.
CREATE OR REPLACE FUNCTION audit_bars_content(p_ids int[] DEFAULT NULL)
RETURNS TABLE ("check" text, severity text, id int, tf text, period int, ts timestamptz, detail jsonb)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
SET jit = off
SET plan_cache_mode = force_custom_plan
SET enable_nestloop = off
SET enable_mergejoin = off
SET work_mem = '64MB'
AS $$
#variable_conflict use_column
DECLARE
    -- One asset by its name: so it reaches every table behind a view.
    v_only int := CASE WHEN cardinality(p_ids) = 1 THEN p_ids[1] END;
BEGIN
    IF goes_one_by_one(p_ids) THEN
        RETURN QUERY
        SELECT f.* FROM unnest(coalesce(p_ids, ARRAY(SELECT k.id FROM asset_ids() AS k (id)))) AS a (id)
        CROSS JOIN LATERAL audit_bars_content(ARRAY[a.id]) AS f;
        RETURN;
    END IF;
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
                INNER JOIN zones AS z ON z.id = d.id AND (p_ids IS NULL OR d.id = ANY(p_ids))
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
            WHERE t.settled AND (v_only IS NULL OR t.id = v_only)
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
    ),
    expected (
        id, tf, bar_seq, first_row, last_row, days_remaining, missing_start, missing_interior, missing_end,
        is_closed, first_missing_day, last_missing_day, time_open, time_close, time_high, time_low, open,
        high, low, close, volume, market_cap, least_time_open
    ) AS MATERIALIZED (
        SELECT
            m.id, m.tf, m.bar_seq, m.first_row, m.last_row, m.days_remaining, m.missing_start,
            m.missing_interior, m.missing_end, m.is_closed,
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
                CASE WHEN s.by_rows OR NOT s.is_closed THEN 0 ELSE s.window_end - s.last_day END
                    AS missing_end
            FROM shaped AS s
        ) AS m
    ),
    numbered AS (
        SELECT
            d.id, row_number() OVER w AS row_no, d."timestamp" AS ts, lag(d."timestamp") OVER w AS ts_before
        FROM cmc_price_bars_1d AS d
        WHERE p_ids IS NULL OR d.id = ANY(p_ids)
        WINDOW w AS (PARTITION BY d.id ORDER BY d."timestamp")
    ),
    compared AS MATERIALIZED (
        SELECT
            coalesce(e.id, b.id) AS id, coalesce(e.tf, b.tf) AS tf, coalesce(e.bar_seq, b.bar_seq) AS bar_seq,
            e.first_row IS NOT NULL AS is_due, b.first_row IS NOT NULL AS is_stored,
            coalesce(e.time_close, b.time_close) AS ts,
            CASE WHEN e.first_row IS NOT NULL AND b.first_row IS NOT NULL AND record_image_ne(ROW(
                e.first_row, e.last_row, e.days_remaining, e.missing_start, e.missing_interior, e.missing_end,
                e.is_closed, e.first_missing_day, e.last_missing_day, e.time_open, e.time_close, e.time_high,
                e.time_low, e.open, e.high, e.low, e.close, e.volume, e.market_cap
            ), ROW(
                b.first_row, b.last_row, b.days_remaining, b.missing_start, b.missing_interior, b.missing_end,
                b.is_closed, b.first_missing_day, b.last_missing_day, b.time_open, b.time_close, b.time_high,
                b.time_low, b.open, b.high, b.low, b.close, b.volume, b.market_cap
            )) THEN array_remove(ARRAY[
                CASE WHEN e.first_row <> b.first_row THEN 'first_row' END,
                CASE WHEN e.last_row <> b.last_row THEN 'last_row' END,
                CASE WHEN e.days_remaining <> b.days_remaining THEN 'days_remaining' END,
                CASE WHEN e.missing_start <> b.missing_start THEN 'missing_start' END,
                CASE WHEN e.missing_interior <> b.missing_interior THEN 'missing_interior' END,
                CASE WHEN e.missing_end <> b.missing_end THEN 'missing_end' END,
                CASE WHEN e.is_closed <> b.is_closed THEN 'is_closed' END,
                CASE WHEN e.first_missing_day IS DISTINCT FROM b.first_missing_day
                    THEN 'first_missing_day' END,
                CASE WHEN e.last_missing_day IS DISTINCT FROM b.last_missing_day THEN 'last_missing_day' END,
                CASE WHEN e.time_open <> b.time_open THEN 'time_open' END,
                CASE WHEN e.time_close <> b.time_close THEN 'time_close' END,
                CASE WHEN e.time_high <> b.time_high THEN 'time_high' END,
                CASE WHEN e.time_low <> b.time_low THEN 'time_low' END,
                CASE WHEN record_image_ne(ROW(e.open), ROW(b.open)) THEN 'open' END,
                CASE WHEN record_image_ne(ROW(e.high), ROW(b.high)) THEN 'high' END,
                CASE WHEN record_image_ne(ROW(e.low), ROW(b.low)) THEN 'low' END,
                CASE WHEN record_image_ne(ROW(e.close), ROW(b.close)) THEN 'close' END,
                CASE WHEN record_image_ne(ROW(e.volume), ROW(b.volume)) THEN 'volume' END,
                CASE WHEN record_image_ne(ROW(e.market_cap), ROW(b.market_cap)) THEN 'market_cap' END
            ], NULL) END AS columns,
            b.time_open <> coalesce(f.ts_before, f.ts - interval '24 hours') + interval '1 millisecond'
                AS is_torn,
            (b.time_open < b.time_close AND greatest(b.time_high, b.time_low) <= b.time_close
                AND least(b.time_high, b.time_low) >= coalesce(e.least_time_open, '-infinity')) IS FALSE
                    AS has_bad_times
        FROM expected AS e
        FULL JOIN (
            SELECT x.* FROM bars AS x
            INNER JOIN built_timeframes AS t ON t.id = x.id AND t.tf = x.tf
            WHERE t.settled AND (p_ids IS NULL OR x.id = ANY(p_ids)) AND (v_only IS NULL OR t.id = v_only)
                AND x.id IN (SELECT e.id FROM expected AS e)
        ) AS b ON b.id = e.id AND b.tf = e.tf AND b.bar_seq = e.bar_seq
        LEFT JOIN numbered AS f ON f.id = b.id AND f.row_no = b.first_row
    ),
    -- Missing bars that stand side by side share the difference of two counts.
    gaps AS (
        SELECT n.id, n.tf, n.ordinal - n.missing_ordinal AS run, count(*) AS n, min(n.ts) AS ts
        FROM (
            SELECT
                c.*,
                row_number() OVER (PARTITION BY c.id, c.tf ORDER BY c.bar_seq) AS ordinal,
                row_number() OVER (PARTITION BY c.id, c.tf, c.is_stored ORDER BY c.bar_seq)
                    AS missing_ordinal,
                bool_or(c.is_stored) OVER (PARTITION BY c.id, c.tf) AS any_stored
            FROM compared AS c
            WHERE c.is_due
        ) AS n
        WHERE n.any_stored AND NOT n.is_stored
        GROUP BY n.id, n.tf, n.ordinal - n.missing_ordinal
    )
    SELECT
        'bar_numbering', 'error', g.id, g.tf, NULL::int, min(g.ts),
        jsonb_build_object('n_gaps', sum(g.is_gap), 'max_gap', max(g.n * g.is_gap),
            'n_surplus', sum(1 - g.is_gap))
    FROM (
        SELECT p.id, p.tf, p.n, p.ts, 1 AS is_gap FROM gaps AS p
        UNION ALL
        SELECT c.id, c.tf, 1, c.ts, 0 FROM compared AS c WHERE NOT c.is_due
    ) AS g
    GROUP BY g.id, g.tf
    UNION ALL
    SELECT
        'bar_content', 'error', c.id, c.tf, NULL::int, min(c.ts),
        jsonb_build_object('n', count(DISTINCT c.bar_seq), 'columns', jsonb_agg(DISTINCT u.name))
    FROM compared AS c
    CROSS JOIN LATERAL unnest(c.columns) AS u (name)
    GROUP BY c.id, c.tf
    UNION ALL
    SELECT v.name, 'error', c.id, c.tf, NULL::int, min(c.ts), jsonb_build_object('n', count(*))
    FROM compared AS c
    CROSS JOIN LATERAL (VALUES ('bar_continuity', c.is_torn), ('bar_times', c.has_bad_times))
        AS v (name, is_bad)
    WHERE v.is_bad
    GROUP BY v.name, c.id, c.tf;
END;
$$;
