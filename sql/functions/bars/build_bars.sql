-- build_bars: compute the bars of some timeframes from a row on and store what differs.
--   p_id         asset id
--   p_tz         zone of the local day
--   p_tfs        timeframes (not 1D)
--   p_from_rows  for each of them the row number (1d bar_seq) of the first day that may differ; 1: all
-- Returns   per timeframe and kind of write: bars_written, bars_deleted; closing_from: "timestamp" of the
--           last day of the earliest stored bar that closed or reopened; changed_from: of the first day of
--           the earliest bar written.
-- Errors    TA010 two days read fall on one local day.
-- Cost      the days from the first bar touched once, then per timeframe its units (weeks, 7 rows ..) and
--           volumes; 0.3 us a day and timeframe.
-- Rule      a day's bar is (unit - first unit) / n + 1, where the unit is the row for N-day bars and the
--           calendar week, month or year else. Highs and lows are found by rank, ties go to the earliest
--           time.
CREATE OR REPLACE FUNCTION build_bars(p_id int, p_tz text, p_tfs text[], p_from_rows int[])
RETURNS TABLE (
    tf text, bars_written int, bars_deleted int, closing_from timestamptz, changed_from timestamptz
)
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
SET jit = off
SET enable_nestloop = off
SET work_mem = '64MB'
AS $$
#variable_conflict use_column
DECLARE
    v_first_day date;
    v_first_row int;
    v_rows int;
    v_volumes float8[];
    v_kinds text[];
    v_counts int[];
    v_units int[];
    v_bars int[];
    v_starts int[];
    v_tfs text[];
    v_twice record;
BEGIN
    SELECT (d."timestamp" AT TIME ZONE p_tz)::date INTO v_first_day
    FROM cmc_price_bars_1d AS d WHERE d.id = p_id AND d.bar_seq = 1;
    SELECT max(d.bar_seq) INTO v_rows FROM cmc_price_bars_1d AS d WHERE d.id = p_id;

    -- Per timeframe: kind of unit, count, first unit, first bar to compute and its first row.
    SELECT
        array_agg(t.tf), array_agg(t.kind), array_agg(t.n), array_agg(t.first_unit), array_agg(t.bar),
        array_agg(CASE
            WHEN t.from_row <= 1 THEN 1
            WHEN t.kind = 'D' THEN (t.bar - 1) * t.n + 1
            ELSE coalesce((
                SELECT b.first_row FROM bars AS b
                WHERE b.id = p_id AND b.tf = t.tf AND b.bar_seq = t.bar AND b.first_row < t.from_row), 1)
        END)
    INTO v_tfs, v_kinds, v_counts, v_units, v_bars, v_starts
    FROM (
        SELECT
            u.tf, u.kind, u.n, u.first_unit, u.from_row,
            CASE
                WHEN u.from_row <= 1 THEN -2147483648
                WHEN u.kind = 'D' THEN (u.from_row - 1) / u.n + 1
                WHEN calendar_unit(u.kind, u.day_before) < u.first_unit THEN -2147483648
                ELSE (calendar_unit(u.kind, u.day_before) - u.first_unit) / u.n + 1
            END AS bar
        FROM (
            SELECT
                g.tf, c.unit_kind AS kind, c.tf_qty AS n,
                first_unit(c.unit_kind, c.tf_qty, c.allow_partial_start, v_first_day) AS first_unit,
                g.from_row,
                (SELECT (d."timestamp" AT TIME ZONE p_tz)::date FROM cmc_price_bars_1d AS d
                    WHERE d.id = p_id AND d.bar_seq = g.from_row - 1) AS day_before
            FROM unnest(p_tfs, p_from_rows) AS g (tf, from_row)
            INNER JOIN dim_timeframe AS c ON c.tf = g.tf
        ) AS u
    ) AS t;
    v_first_row := (SELECT min(s.first_row) FROM unnest(v_starts) AS s (first_row));

    SELECT w.day, w.before, w."timestamp" INTO v_twice FROM (
        SELECT
            (d."timestamp" AT TIME ZONE p_tz)::date AS day, d."timestamp",
            lag(d."timestamp") OVER (ORDER BY d.bar_seq) AS before
        FROM cmc_price_bars_1d AS d WHERE d.id = p_id AND d.bar_seq >= v_first_row - 1
    ) AS w
    WHERE (w.before AT TIME ZONE p_tz)::date >= w.day
    ORDER BY w."timestamp" LIMIT 1;
    IF FOUND THEN
        PERFORM raise_duplicate_day(p_id, p_tz, v_twice.day, v_twice.before, v_twice."timestamp");
    END IF;

    SELECT array_agg(d.volume ORDER BY d.bar_seq) INTO v_volumes
    FROM cmc_price_bars_1d AS d WHERE d.id = p_id AND d.bar_seq >= v_first_row;

    RETURN QUERY
    WITH timeframes AS MATERIALIZED (
        SELECT u.*, CASE WHEN u.base > 0 THEN u.n / u.base ELSE u.n END AS blocks_a_bar
        FROM (
            SELECT
                t.*,
                -- The unit that a timeframe's bars are made of: 7, 5, 3, 2 or 1 rows; below 0 the calendar's.
                CASE t.kind
                    WHEN 'U' THEN -1 WHEN 'I' THEN -2 WHEN 'M' THEN -3 WHEN 'Y' THEN -4
                    ELSE CASE
                        WHEN t.n % 7 = 0 THEN 7 WHEN t.n % 5 = 0 THEN 5 WHEN t.n % 3 = 0 THEN 3
                        WHEN t.n % 2 = 0 THEN 2 ELSE 1
                    END
                END AS base
            FROM unnest(v_tfs, v_kinds, v_counts, v_units, v_bars, v_starts)
                AS t (tf, kind, n, first_unit, bar, first_row)
        ) AS u
    ),
    days AS MATERIALIZED (
        SELECT
            d.bar_seq AS row_no, d."timestamp", x.day, d.open, d.high, d.low, d.close, d.market_cap,
            d.time_high, d.time_low,
            lag(d."timestamp") OVER w AS ts_before,
            lag(x.day) OVER w AS day_before,
            row_number() OVER (ORDER BY d.high, d.time_high DESC, d.bar_seq DESC) AS high_rank,
            row_number() OVER (ORDER BY d.low DESC, d.time_low DESC, d.bar_seq DESC) AS low_rank,
            CASE WHEN d.market_cap IS NOT NULL THEN d.bar_seq END AS market_cap_row,
            calendar_unit('U', x.day) AS week_us,
            calendar_unit('I', x.day) AS week_iso,
            calendar_unit('M', x.day) AS month,
            calendar_unit('Y', x.day) AS year
        FROM cmc_price_bars_1d AS d
        CROSS JOIN LATERAL (SELECT (d."timestamp" AT TIME ZONE p_tz)::date AS day) AS x
        WHERE d.id = p_id AND d.bar_seq >= v_first_row - 1
        WINDOW w AS (ORDER BY d.bar_seq)
    ),
    newest_days AS MATERIALIZED (
        SELECT * FROM days AS d WHERE d.row_no > v_rows - 256
    ),
    gap_days AS MATERIALIZED (
        SELECT d.row_no, d.day, d.day_before FROM days AS d WHERE d.day > d.day_before + 1
    ),
    -- Many timeframes are made of the same few units, so days are put together once for each unit.
    blocks AS MATERIALIZED (
        SELECT
            u.base, u.unit, min(u.row_no) AS first_row, max(u.row_no) AS last_row,
            max(u.high_rank) AS high_rank, max(u.low_rank) AS low_rank,
            max(u.market_cap_row) AS market_cap_row
        FROM (
            SELECT
                w.base, d.row_no, d.high_rank, d.low_rank, d.market_cap_row,
                CASE
                    WHEN w.base > 0 THEN (d.row_no - 1) / w.base + 1
                    WHEN w.base = -1 THEN d.week_us WHEN w.base = -2 THEN d.week_iso
                    WHEN w.base = -3 THEN d.month ELSE d.year
                END AS unit
            FROM (SELECT DISTINCT t.base FROM timeframes AS t WHERE t.first_row <= v_rows - 256) AS w
            CROSS JOIN days AS d
        ) AS u
        GROUP BY u.base, u.unit
    ),
    runs AS MATERIALIZED (
        SELECT
            k.tf, k.bar_seq, min(k.first_row) AS first_row, max(k.last_row) AS last_row,
            max(k.high_rank) AS high_rank, max(k.low_rank) AS low_rank,
            max(k.market_cap_row) AS market_cap_row
        FROM (
            SELECT
                t.tf, b.first_row, b.last_row, b.high_rank, b.low_rank, b.market_cap_row, t.bar,
                (b.unit - t.first_unit + t.blocks_a_bar) / t.blocks_a_bar AS bar_seq
            FROM timeframes AS t
            INNER JOIN blocks AS b ON b.base = t.base AND b.first_row >= t.first_row
            WHERE t.first_row <= v_rows - 256
            UNION ALL
            -- Timeframes that need the newest days only don't walk over all of them.
            SELECT
                t.tf, d.row_no, d.row_no, d.high_rank, d.low_rank, d.market_cap_row, t.bar,
                (CASE t.kind
                    WHEN 'D' THEN d.row_no WHEN 'U' THEN d.week_us WHEN 'I' THEN d.week_iso
                    WHEN 'M' THEN d.month ELSE d.year
                END - t.first_unit + t.n) / t.n AS bar_seq
            FROM timeframes AS t
            INNER JOIN newest_days AS d ON d.row_no >= t.first_row
            WHERE t.first_row > v_rows - 256
        ) AS k
        WHERE k.bar_seq >= 1 AND k.bar_seq >= k.bar
        GROUP BY k.tf, k.bar_seq
    ),
    gaps AS MATERIALIZED (
        SELECT g.tf, g.bar_seq, min(g.first_missing) AS first_missing, max(g.last_missing) AS last_missing
        FROM (
            SELECT
                t.tf,
                (u.unit - t.first_unit + t.n) / t.n AS bar_seq,
                (u.unit_before - t.first_unit + t.n) / t.n AS bar_before,
                d.day_before + 1 AS first_missing,
                d.day - 1 AS last_missing
            FROM timeframes AS t
            INNER JOIN gap_days AS d ON d.row_no > t.first_row
            CROSS JOIN LATERAL (
                SELECT
                    CASE WHEN t.kind = 'D' THEN d.row_no ELSE calendar_unit(t.kind, d.day) END AS unit,
                    CASE WHEN t.kind = 'D' THEN d.row_no - 1
                        ELSE calendar_unit(t.kind, d.day_before)
                    END AS unit_before
            ) AS u
            WHERE u.unit_before >= t.first_unit
        ) AS g
        WHERE g.bar_seq = g.bar_before
        GROUP BY g.tf, g.bar_seq
    ),
    volumes AS MATERIALIZED (
        SELECT g.tf, z.bar_seq, z.volume
        FROM (
            SELECT
                r.tf, array_agg(r.bar_seq ORDER BY r.bar_seq) AS bar_seqs,
                array_agg(r.first_row ORDER BY r.bar_seq) AS first_rows,
                array_agg(r.last_row ORDER BY r.bar_seq) AS last_rows
            FROM runs AS r GROUP BY r.tf
        ) AS g
        CROSS JOIN LATERAL ROWS FROM (
            unnest(g.bar_seqs),
            volume_sums(
                v_volumes[g.first_rows[1] - v_first_row + 1:], g.first_rows[1] - 1,
                g.first_rows, g.last_rows)
        ) AS z (bar_seq, volume)
    ),
    shaped AS MATERIALIZED (
        SELECT
            r.tf, r.bar_seq, r.first_row, r.last_row, a.day AS first_day, l.day AS last_day,
            coalesce(a.ts_before, a."timestamp" - interval '24 hours') + interval '1 millisecond'
            AS time_open,
            a."timestamp" AS first_ts, l."timestamp" AS time_close,
            h.time_high, w.time_low, a.open, l.close, v.volume, m.market_cap,
            -- 0.0 and -0.0 are one price: the earlier day's spelling is kept.
            CASE WHEN h.high <> 0 THEN h.high ELSE (
                SELECT d.high FROM days AS d
                WHERE d.row_no BETWEEN r.first_row AND r.last_row AND d.high = 0
                ORDER BY d.row_no LIMIT 1) END AS high,
            CASE WHEN w.low <> 0 THEN w.low ELSE (
                SELECT d.low FROM days AS d
                WHERE d.row_no BETWEEN r.first_row AND r.last_row AND d.low = 0
                ORDER BY d.row_no LIMIT 1) END AS low,
            r.last_row - r.first_row + 1 AS n_days,
            CASE
                WHEN t.kind = 'D' THEN r.last_row = r.bar_seq::bigint * t.n
                ELSE l.day = e.window_end OR r.bar_seq < max(r.bar_seq) OVER (PARTITION BY r.tf)
            END AS is_closed,
            t.kind = 'D' AS by_rows, t.n, e.window_end, e.expected_start,
            g.first_missing, g.last_missing
        FROM runs AS r
        INNER JOIN timeframes AS t ON t.tf = r.tf
        INNER JOIN days AS a ON a.row_no = r.first_row
        INNER JOIN days AS l ON l.row_no = r.last_row
        INNER JOIN days AS h ON h.high_rank = r.high_rank
        INNER JOIN days AS w ON w.low_rank = r.low_rank
        LEFT JOIN days AS m ON m.row_no = r.market_cap_row
        INNER JOIN volumes AS v ON v.tf = r.tf AND v.bar_seq = r.bar_seq
        LEFT JOIN gaps AS g ON g.tf = r.tf AND g.bar_seq = r.bar_seq
        CROSS JOIN LATERAL (
            SELECT
                CASE WHEN t.kind = 'D' THEN NULL
                    ELSE unit_first_day(t.kind, t.first_unit + r.bar_seq * t.n) - 1 END AS window_end,
                CASE WHEN t.kind = 'D' THEN a.day
                    ELSE greatest(unit_first_day(t.kind, t.first_unit + (r.bar_seq - 1) * t.n), v_first_day)
                END AS expected_start
        ) AS e
    ),
    final AS MATERIALIZED (
        SELECT
            s.*,
            CASE WHEN s.by_rows THEN s.n - s.n_days WHEN s.is_closed THEN 0 ELSE s.window_end - s.last_day END
                AS days_remaining,
            s.first_day - s.expected_start AS missing_start,
            s.last_day - s.first_day + 1 - s.n_days AS missing_interior,
            CASE WHEN s.by_rows OR NOT s.is_closed THEN 0 ELSE s.window_end - s.last_day END AS missing_end
        FROM shaped AS s
    ),
    differing AS MATERIALIZED (
        SELECT f.*, m.first_missing_day, m.last_missing_day, b.is_closed <> f.is_closed AS closing_changed,
            record_image_ne(
                ROW(b.first_row, b.last_row, b.is_closed, b.close),
                ROW(f.first_row, f.last_row, f.is_closed, f.close))
                AS marks_emas
        FROM final AS f
        CROSS JOIN LATERAL (
            SELECT
                CASE
                    WHEN f.missing_start > 0 THEN f.expected_start
                    WHEN f.missing_interior > 0 THEN f.first_missing
                    WHEN f.missing_end > 0 THEN f.last_day + 1
                END AS first_missing_day,
                CASE
                    WHEN f.missing_end > 0 THEN f.window_end
                    WHEN f.missing_interior > 0 THEN f.last_missing
                    WHEN f.missing_start > 0 THEN f.first_day - 1
                END AS last_missing_day
        ) AS m
        LEFT JOIN bars AS b ON b.id = p_id AND b.tf = f.tf AND b.bar_seq = f.bar_seq
        WHERE record_image_ne(ROW(
            f.first_row, f.last_row, f.days_remaining, f.missing_start, f.missing_interior, f.missing_end,
            f.is_closed, m.first_missing_day, m.last_missing_day, f.time_open, f.time_close, f.time_high,
            f.time_low, f.open, f.high, f.low, f.close, f.volume, f.market_cap
        ), ROW(
            b.first_row, b.last_row, b.days_remaining, b.missing_start, b.missing_interior, b.missing_end,
            b.is_closed, b.first_missing_day, b.last_missing_day, b.time_open, b.time_close, b.time_high,
            b.time_low, b.open, b.high, b.low, b.close, b.volume, b.market_cap
        ))
    ),
    written AS (
        INSERT INTO bars AS b (
            id, tf, bar_seq, first_row, last_row, days_remaining, missing_start, missing_interior,
            missing_end, is_closed, first_missing_day, last_missing_day, time_open, time_close, time_high,
            time_low, open, high, low, close, volume, market_cap)
        SELECT
            p_id, f.tf, f.bar_seq, f.first_row, f.last_row, f.days_remaining, f.missing_start,
            f.missing_interior, f.missing_end, f.is_closed, f.first_missing_day, f.last_missing_day,
            f.time_open, f.time_close, f.time_high, f.time_low, f.open,
            f.high, f.low, f.close, f.volume, f.market_cap
        FROM differing AS f
        ORDER BY f.tf, f.bar_seq
        ON CONFLICT (id, tf, bar_seq) DO UPDATE SET
            first_row = excluded.first_row, last_row = excluded.last_row,
            days_remaining = excluded.days_remaining, missing_start = excluded.missing_start,
            missing_interior = excluded.missing_interior, missing_end = excluded.missing_end,
            is_closed = excluded.is_closed, first_missing_day = excluded.first_missing_day,
            last_missing_day = excluded.last_missing_day, time_open = excluded.time_open,
            time_close = excluded.time_close, time_high = excluded.time_high, time_low = excluded.time_low,
            open = excluded.open, high = excluded.high, low = excluded.low, close = excluded.close,
            volume = excluded.volume, market_cap = excluded.market_cap
        RETURNING b.tf
    )
    SELECT
        f.tf, count(*)::int, 0,
        min(f.time_close) FILTER (WHERE f.closing_changed),
        min(f.first_ts) FILTER (WHERE f.marks_emas)
    FROM differing AS f
    WHERE (SELECT count(*) FROM written) > 0
    GROUP BY f.tf;

    -- A stored bar whose first row no longer lies in its window has lost all its days.
    RETURN QUERY
    WITH gone AS (
        DELETE FROM bars AS b
        USING unnest(v_tfs, v_kinds, v_counts, v_units, v_bars) AS t (tf, kind, n, first_unit, bar)
        WHERE
            b.id = p_id AND b.tf = t.tf AND b.bar_seq >= t.bar
            AND NOT EXISTS (
                SELECT FROM cmc_price_bars_1d AS d
                WHERE
                    d.id = p_id AND d.bar_seq = b.first_row
                    AND b.bar_seq = (
                        CASE WHEN t.kind = 'D' THEN d.bar_seq
                            ELSE calendar_unit(t.kind, (d."timestamp" AT TIME ZONE p_tz)::date)
                        END - t.first_unit + t.n) / t.n)
        RETURNING b.tf, b.time_close
    )
    SELECT g.tf, 0, count(*)::int, NULL::timestamptz, min(g.time_close) FROM gone AS g GROUP BY g.tf;
END;
$$;
