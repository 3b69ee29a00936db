-- build_bars: compute the bars of some timeframes from a row on and store what differs.
--   p_id         asset id
--   p_tfs        timeframes (not 1D)
--   p_from_rows  for each of them the row number (1d bar_seq) of the first day that may differ; 1: all
-- Returns   per timeframe and kind of write: bars_written, bars_deleted; closing_from: "timestamp" of the
--           last day of the earliest stored bar that closed or reopened; changed_from: of the first day of
--           the earliest bar written.
-- Errors    TA010 the days read don't follow each other.
-- Cost      from far back as compute_bars, within the newest 256 days as compute_newest_bars; a range of
--           stored bars per timeframe.
-- Rule      a calendar bar closes with the last day of its window or when a later bar begins. Equal bars
--           aren't written; a stored bar that is no longer computed is deleted.
CREATE OR REPLACE FUNCTION build_bars(p_id int, p_tfs text[], p_from_rows int[])
RETURNS TABLE (
    tf text, bars_written int, bars_deleted int, closing_from timestamptz, changed_from timestamptz
)
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
SET jit = off
SET enable_nestloop = off
SET enable_mergejoin = off
SET work_mem = '64MB'
SET plan_cache_mode = auto
AS $$
#variable_conflict use_column
DECLARE
    v_first_day date;
    v_first_read int;
    v_first_row int;
    v_rows int;
    v_anything_stored boolean;
    v_kinds text[];
    v_counts int[];
    v_units int[];
    v_bars int[];
    v_starts int[];
    v_tails int[];
    v_tfs text[];
    v_disorder record;
    v_gone_tfs text[];
    v_gone_bars int[];
BEGIN
    SELECT d.day INTO v_first_day
    FROM cmc_price_bars_1d AS d WHERE d.id = p_id AND d.bar_seq = 1;
    SELECT max(d.bar_seq) INTO v_rows FROM cmc_price_bars_1d AS d WHERE d.id = p_id;
    v_anything_stored := EXISTS (SELECT 1 FROM bars AS b WHERE b.id = p_id AND b.tf = ANY(p_tfs));

    -- Per timeframe: kind of unit, count, first unit, first bar to compute, its first row, and the first row
    -- to read: that of the change where the stored bar tells of the days before it.
    SELECT
        array_agg(s.tf), array_agg(s.kind), array_agg(s.n), array_agg(s.first_unit), array_agg(s.bar),
        array_agg(s.first_row),
        array_agg(CASE
            WHEN s.has_head AND s.first_row < s.from_row AND s.from_row > v_rows - 256 THEN s.from_row
            ELSE s.first_row
        END)
    INTO v_tfs, v_kinds, v_counts, v_units, v_bars, v_starts, v_tails
    FROM (
        SELECT
            t.*,
            CASE
                WHEN t.from_row <= 1 THEN 1
                WHEN t.kind = 'D' THEN (t.bar - 1) * t.n + 1
                WHEN b.first_row < t.from_row THEN b.first_row
                ELSE 1
            END AS first_row,
            t.from_row > 1 AND b.last_row >= t.from_row - 1
            AND (t.kind <> 'D' OR b.first_row = (t.bar - 1) * t.n + 1) AS has_head
        FROM (
            SELECT
                u.tf, u.kind, u.n, u.first_unit, u.from_row,
                CASE
                    WHEN u.from_row <= 1 THEN -2147483648
                    WHEN u.kind = 'D' THEN (u.from_row - 1) / u.n + 1
                    WHEN calendar_unit(u.kind, u.day_before) < u.first_unit THEN -2147483648
                    ELSE bar_of_unit(u.n, u.first_unit, calendar_unit(u.kind, u.day_before))
                END AS bar
            FROM (
                SELECT
                    g.tf, c.unit_kind AS kind, c.tf_qty AS n,
                    first_unit(c.unit_kind, c.tf_qty, c.allow_partial_start, v_first_day) AS first_unit,
                    g.from_row,
                    (SELECT d.day FROM cmc_price_bars_1d AS d
                        WHERE d.id = p_id AND d.bar_seq = g.from_row - 1) AS day_before
                FROM unnest(p_tfs, p_from_rows) AS g (tf, from_row)
                INNER JOIN dim_timeframe AS c ON c.tf = g.tf
                OFFSET 0
            ) AS u
            OFFSET 0
        ) AS t
        LEFT JOIN LATERAL (
            SELECT o.first_row, o.last_row FROM bars AS o
            WHERE o.id = p_id AND o.tf = t.tf AND o.bar_seq = t.bar OFFSET 0
        ) AS b ON true
    ) AS s;
    v_first_row := (SELECT min(s.first_row) FROM unnest(v_starts) AS s (first_row));
    v_first_read := (SELECT min(s.tail) FROM unnest(v_tails) AS s (tail));

    SELECT o.* INTO v_disorder FROM (
        SELECT
            d.day, d."timestamp", lag(d.day) OVER w AS day_before,
            lag(d."timestamp") OVER w AS ts_before
        FROM cmc_price_bars_1d AS d WHERE d.id = p_id AND d.bar_seq >= v_first_read - 1
        WINDOW w AS (ORDER BY d.bar_seq)
    ) AS o
    WHERE o.day_before >= o.day
    ORDER BY o."timestamp" LIMIT 1;
    IF FOUND THEN
        PERFORM raise_days_disorder(
            p_id, v_disorder.day_before, v_disorder.day, v_disorder.ts_before, v_disorder."timestamp");
    END IF;

    RETURN QUERY
    WITH timeframes AS MATERIALIZED (
        SELECT *, t.tail <= greatest(v_rows - 256, 1) AS is_far
        FROM unnest(v_tfs, v_kinds, v_counts, v_units, v_bars, v_starts, v_tails)
            AS t (tf, kind, n, first_unit, bar, first_row, tail)
    ),
    -- Materialized: a cluster runs it by itself, where functions may ask tables.
    computed AS MATERIALIZED (
        SELECT c.*
        FROM (
            SELECT
                array_agg(t.tf) AS tfs, array_agg(t.kind) AS kinds, array_agg(t.n) AS counts,
                array_agg(t.first_unit) AS units, array_agg(t.bar) AS bars, array_agg(t.first_row) AS starts
            FROM timeframes AS t WHERE t.is_far
        ) AS g
        CROSS JOIN LATERAL compute_bars(p_id, g.tfs, g.kinds, g.counts, g.units, g.bars, g.starts) AS c
        WHERE g.tfs IS NOT NULL
        UNION ALL
        SELECT c.*
        FROM (
            SELECT
                array_agg(t.tf) AS tfs, array_agg(t.kind) AS kinds, array_agg(t.n) AS counts,
                array_agg(t.first_unit) AS units, array_agg(t.bar) AS bars, array_agg(t.first_row) AS starts,
                array_agg(t.tail) AS tails
            FROM timeframes AS t WHERE NOT t.is_far
        ) AS g
        CROSS JOIN LATERAL compute_newest_bars(
            p_id, g.tfs, g.kinds, g.counts, g.units, g.bars, g.starts, g.tails) AS c
        WHERE g.tfs IS NOT NULL
    ),
    -- OFFSET 0: index ranges per timeframe, whatever the planner thinks of nested loops.
    stored AS (
        SELECT b.*
        FROM timeframes AS t
        CROSS JOIN LATERAL (
            SELECT * FROM bars AS o WHERE o.id = p_id AND o.tf = t.tf AND o.bar_seq >= t.bar OFFSET 0
        ) AS b
    ),
    shaped AS MATERIALIZED (
        SELECT
            c.*, c.last_row - c.first_row + 1 AS n_days,
            CASE
                WHEN t.kind = 'D' THEN c.last_row = c.bar_seq::bigint * t.n
                ELSE c.last_day = e.window_end OR c.bar_seq < max(c.bar_seq) OVER (PARTITION BY c.tf)
            END AS is_closed,
            t.kind = 'D' AS by_rows, t.n, e.window_end, e.expected_start
        FROM computed AS c
        INNER JOIN timeframes AS t ON t.tf = c.tf
        CROSS JOIN LATERAL (
            SELECT
                window_end(t.kind, t.n, t.first_unit, c.bar_seq) AS window_end,
                CASE WHEN t.kind = 'D' THEN c.first_day
                    ELSE greatest(window_start(t.kind, t.n, t.first_unit, c.bar_seq), v_first_day)
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
        LEFT JOIN stored AS b ON b.tf = f.tf AND b.bar_seq = f.bar_seq
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

    IF NOT v_anything_stored THEN
        RETURN;
    END IF;
    -- A stored bar whose first row no longer lies in its window has lost all its days.
    SELECT array_agg(s.tf), array_agg(s.bar_seq) INTO v_gone_tfs, v_gone_bars
    FROM (
        SELECT t.tf, t.kind, t.n, t.first_unit, b.bar_seq, b.first_row
        FROM unnest(v_tfs, v_kinds, v_counts, v_units, v_bars) AS t (tf, kind, n, first_unit, bar)
        CROSS JOIN LATERAL (
            SELECT o.bar_seq, o.first_row FROM bars AS o
            WHERE o.id = p_id AND o.tf = t.tf AND o.bar_seq >= t.bar OFFSET 0
        ) AS b
    ) AS s
    LEFT JOIN cmc_price_bars_1d AS d ON d.id = p_id AND d.bar_seq >= v_first_row AND d.bar_seq = s.first_row
    WHERE
        d.id IS NULL
        OR s.bar_seq <> bar_of_day(s.kind, s.n, s.first_unit, d.bar_seq, d.day);
    IF v_gone_tfs IS NULL THEN
        RETURN;
    END IF;
    RETURN QUERY
    WITH gone AS (
        DELETE FROM bars AS b
        USING unnest(v_gone_tfs, v_gone_bars) AS g (tf, bar_seq)
        WHERE b.id = p_id AND b.tf = g.tf AND b.bar_seq = g.bar_seq
        RETURNING b.tf, b.time_close
    )
    SELECT g.tf, 0, count(*)::int, NULL::timestamptz, min(g.time_close) FROM gone AS g GROUP BY g.tf;
END;
$$;
