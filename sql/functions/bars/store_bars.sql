-- store_bars: store the bars of some timeframes where they differ from what is stored.
--   p_id      asset id
--   p_tfs     timeframes; p_from_bars: for each of them the first bar that was computed
--   p_bars    their bars from there on
-- Returns   as build_bars.
-- Errors    none.   Cost  a range of stored bars per timeframe, 10 us a bar that is written.
-- Rule      equal bars aren't written; a stored bar that is no longer computed is deleted.
CREATE OR REPLACE FUNCTION store_bars(p_id int, p_tfs text[], p_from_bars int[], p_bars computed_bar[])
RETURNS TABLE (
    tf text, bars_written int, bars_deleted int, closing_from timestamptz, changed_from timestamptz
)
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
SET jit = off
SET enable_nestloop = off
SET enable_mergejoin = off
SET work_mem = '64MB'
SET plan_cache_mode = force_generic_plan
AS $$
#variable_conflict use_column
DECLARE
    v_bars computed_bar[];
    v_closing timestamptz[];
    v_marked int[];
    v_gone_tfs text[];
    v_gone int[];
BEGIN
    WITH stored AS MATERIALIZED (
        SELECT b.*
        FROM unnest(p_tfs, p_from_bars) AS t (tf, bar)
        -- OFFSET 0: index ranges per timeframe, whatever the planner thinks of nested loops.
        CROSS JOIN LATERAL (
            SELECT * FROM bars AS o WHERE o.id = p_id AND o.tf = t.tf AND o.bar_seq >= t.bar OFFSET 0
        ) AS b
    )
    SELECT
        array_agg(n ORDER BY n.tf, n.bar_seq) FILTER (WHERE n.tf IS NOT NULL),
        array_agg(CASE WHEN b.is_closed <> n.is_closed THEN n.time_close END ORDER BY n.tf, n.bar_seq)
        FILTER (WHERE n.tf IS NOT NULL),
        array_agg(CASE WHEN record_image_ne(
            ROW(b.first_row, b.last_row, b.is_closed, b.close),
            ROW(n.first_row, n.last_row, n.is_closed, n.close)) THEN n.first_row END ORDER BY n.tf, n.bar_seq)
        FILTER (WHERE n.tf IS NOT NULL),
        array_agg(b.tf) FILTER (WHERE n.tf IS NULL), array_agg(b.bar_seq) FILTER (WHERE n.tf IS NULL)
    INTO v_bars, v_closing, v_marked, v_gone_tfs, v_gone
    FROM unnest(p_bars) AS n
    FULL JOIN stored AS b ON b.tf = n.tf AND b.bar_seq = n.bar_seq
    WHERE b.tf IS NULL OR n.tf IS NULL OR record_image_ne(b, n);

    INSERT INTO bars AS b (
        id, tf, bar_seq, first_row, last_row, days_remaining, missing_start, missing_interior, missing_end,
        is_closed, first_missing_day, last_missing_day, time_open, time_close, time_high, time_low, open,
        high, low, close, volume, market_cap)
    SELECT
        p_id, n.tf, n.bar_seq, n.first_row, n.last_row, n.days_remaining, n.missing_start, n.missing_interior,
        n.missing_end, n.is_closed, n.first_missing_day, n.last_missing_day, n.time_open, n.time_close,
        n.time_high, n.time_low, n.open, n.high, n.low, n.close, n.volume, n.market_cap
    FROM unnest(v_bars) AS n
    ON CONFLICT (id, tf, bar_seq) DO UPDATE SET
        first_row = excluded.first_row, last_row = excluded.last_row,
        days_remaining = excluded.days_remaining, missing_start = excluded.missing_start,
        missing_interior = excluded.missing_interior, missing_end = excluded.missing_end,
        is_closed = excluded.is_closed, first_missing_day = excluded.first_missing_day,
        last_missing_day = excluded.last_missing_day, time_open = excluded.time_open,
        time_close = excluded.time_close, time_high = excluded.time_high, time_low = excluded.time_low,
        open = excluded.open, high = excluded.high, low = excluded.low, close = excluded.close,
        volume = excluded.volume, market_cap = excluded.market_cap;
    RETURN QUERY
    SELECT
        c.tf, c.n::int, 0, c.closing,
        (SELECT d."timestamp" FROM cmc_price_bars_1d AS d WHERE d.id = p_id AND d.bar_seq = c.marked)
    FROM (
        SELECT w.tf, count(*) AS n, min(w.closing) AS closing, min(w.marked) AS marked
        FROM unnest(ARRAY(SELECT n.tf FROM unnest(v_bars) AS n), v_closing, v_marked)
            AS w (tf, closing, marked)
        GROUP BY w.tf
    ) AS c;
    IF v_gone IS NULL THEN
        RETURN;
    END IF;
    RETURN QUERY
    WITH gone AS (
        DELETE FROM bars AS b
        USING unnest(v_gone_tfs, v_gone) AS g (tf, bar_seq)
        WHERE b.id = p_id AND b.tf = g.tf AND b.bar_seq = g.bar_seq
        RETURNING b.tf, b.time_close
    )
    SELECT g.tf, 0, count(*)::int, NULL::timestamptz, min(g.time_close) FROM gone AS g GROUP BY g.tf;
END;
$$;
