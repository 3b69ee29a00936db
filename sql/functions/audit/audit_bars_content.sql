-- audit_bars_content: recompute every bar from the validated days and compare it with what is stored, bit for
--   bit.
--   p_ids   asset ids; NULL: all
-- Returns   findings (error): bar_numbering (numbers missing in n_gaps runs, the longest max_gap; bars
--           without a day in their window: n_surplus), bar_content (n bars, the columns that differ),
--           bar_continuity (n bars that don't open 1 ms after the day before them), bar_times (n).
-- Errors    none.   Cost  recomputed_bars and one pass over the bars.
-- Rule      only settled timeframes are judged; one without any bar is a matter of coverage.
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
BEGIN
    RETURN QUERY
    WITH expected AS MATERIALIZED (
        SELECT * FROM recomputed_bars(p_ids)
    ),
    days AS (
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
            WHERE t.settled AND x.id IN (SELECT e.id FROM expected AS e)
        ) AS b ON b.id = e.id AND b.tf = e.tf AND b.bar_seq = e.bar_seq
        LEFT JOIN days AS f ON f.id = b.id AND f.row_no = b.first_row
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
