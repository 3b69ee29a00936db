-- reshape_bars: count days anew in the bars whose windows hold days of the calendar that changed.
--   p_id        asset id
--   p_tfs       timeframes (not 1D) whose bars stand complete and begin where they did
--   p_days      the days that changed
--   p_sessions  the asset's trading calendar as applied now (sessions_of_asset)
-- Returns   per timeframe with such bars: bars_written, those that came out otherwise; touched_row: the first
--           row of the earliest such bar; closing_from and reclosed_row: "timestamp" of the last day of one
--           that closed or reopened, and its first row.
-- Errors    none.
-- Cost      an index probe for each day and timeframe; where the asset has no row on the day, three, and the
--           bar's row. Prices aren't read.
-- Rule      a bar is touched when its window holds such a day; an N-day bar when its days reach over it. A
--           day with a row is neither missing nor to come, whatever the calendar says of it.
CREATE OR REPLACE FUNCTION reshape_bars(p_id int, p_tfs text[], p_days date[], p_sessions asset_sessions)
RETURNS TABLE (tf text, bars_written int, touched_row int, closing_from timestamptz, reclosed_row int)
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
SET jit = off
SET plan_cache_mode = force_generic_plan
AS $$
#variable_conflict use_column
DECLARE
    v_first_day date := (SELECT d.day FROM cmc_price_bars_1d AS d WHERE d.id = p_id AND d.bar_seq = 1);
    v_rows int[];
    v_has_row boolean[];
    -- A bar that ends before this row is not the newest of its timeframe.
    v_stands int;
    v_bars record;
BEGIN
    v_rows := ARRAY(
        SELECT row_of_day(p_id, c.day) FROM unnest(p_days) WITH ORDINALITY AS c (day, n) ORDER BY c.n);
    v_has_row := ARRAY(
        SELECT d.id IS NOT NULL
        FROM unnest(p_days, v_rows) WITH ORDINALITY AS c (day, row_no, n)
        LEFT JOIN cmc_price_bars_1d AS d ON d.id = p_id AND d.bar_seq = c.row_no AND d.day = c.day
        ORDER BY c.n);
    IF NOT EXISTS (SELECT 1 FROM bars_pending AS p WHERE p.id = p_id) THEN
        v_stands := (SELECT min(s.n_rows) FROM bars_state AS s WHERE s.id = p_id);
    END IF;
    SELECT
        array_agg(b.tf) AS tfs, array_agg(b.bar_seq) AS bars, array_agg(b.first_row) AS first_rows,
        array_agg(s.days_remaining) AS remaining, array_agg(s.missing_start) AS starts,
        array_agg(s.missing_interior) AS interiors, array_agg(s.missing_end) AS ends,
        array_agg(s.is_closed) AS closed, array_agg(s.first_missing_day) AS first_days,
        array_agg(s.last_missing_day) AS last_days, array_agg(s.closing) AS closings,
        array_agg(s.is_other IS TRUE) AS are_other
    INTO v_bars
    FROM (
        SELECT
            g.tf, g.kind, g.n, g.first_unit,
            bar_of_day(g.kind, g.n, g.first_unit, c.row_no, c.day) AS bar_seq,
            min(c.row_no) AS row_no, bool_or(NOT c.has_row) AS recounts
        FROM (
            SELECT
                t.tf, t.unit_kind AS kind, t.tf_qty AS n,
                first_unit(
                    t.unit_kind, t.tf_qty, t.allow_partial_start, v_first_day, (p_sessions).session_before
                ) AS first_unit
            FROM dim_timeframe AS t WHERE t.tf = ANY(p_tfs)
            OFFSET 0
        ) AS g
        CROSS JOIN unnest(p_days, v_rows, v_has_row) AS c (day, row_no, has_row)
        -- The day of an N-day bar's first row lies on its edge.
        WHERE g.kind <> 'D' OR NOT c.has_row OR (c.row_no - 1) % g.n > 0
        GROUP BY 1, 2, 3, 4, 5
        OFFSET 0
    ) AS k
    INNER JOIN bars AS b ON b.id = p_id AND b.tf = k.tf AND b.bar_seq = k.bar_seq
    LEFT JOIN LATERAL (
        SELECT
            n.*, CASE WHEN n.is_closed <> b.is_closed THEN e.last_stamp END AS closing,
            (
                b.days_remaining, b.missing_start, b.missing_interior, b.missing_end, b.is_closed,
                b.first_missing_day, b.last_missing_day
            ) IS DISTINCT FROM (
                n.days_remaining, n.missing_start, n.missing_interior, n.missing_end, n.is_closed,
                n.first_missing_day, n.last_missing_day) AS is_other
        FROM (
            SELECT
                f.day AS first_day, l.day AS last_day, l."timestamp" AS last_stamp,
                CASE WHEN b.last_row < v_stands THEN false ELSE NOT EXISTS (
                    SELECT 1 FROM bars AS o WHERE o.id = p_id AND o.tf = b.tf AND o.bar_seq > b.bar_seq
                ) END AS is_newest
            FROM cmc_price_bars_1d AS f
            CROSS JOIN cmc_price_bars_1d AS l
            WHERE
                k.recounts AND f.id = p_id AND f.bar_seq = b.first_row
                AND l.id = p_id AND l.bar_seq = b.last_row
            OFFSET 0
        ) AS e
        CROSS JOIN LATERAL bar_shape(
            k.kind, k.n, k.first_unit, k.bar_seq, v_first_day, b.first_row, b.last_row, e.first_day,
            e.last_day, NULL, NULL, e.is_newest, (p_sessions).clock, (p_sessions).missing_days) AS n
        OFFSET 0
    ) AS s ON true
    WHERE k.kind <> 'D' OR k.row_no < b.last_row;

    UPDATE bars AS b SET
        days_remaining = n.remaining, missing_start = n.missing_start, missing_interior = n.interior,
        missing_end = n.missing_end, is_closed = n.closed, first_missing_day = n.first_day,
        last_missing_day = n.last_day
    FROM unnest(
        v_bars.tfs, v_bars.bars, v_bars.remaining, v_bars.starts, v_bars.interiors, v_bars.ends,
        v_bars.closed, v_bars.first_days, v_bars.last_days, v_bars.are_other
    ) AS n (
        tf, bar_seq, remaining, missing_start, interior, missing_end, closed, first_day, last_day, is_other)
    WHERE b.id = p_id AND b.tf = n.tf AND b.bar_seq = n.bar_seq AND n.is_other;
    RETURN QUERY
    SELECT
        t.tf, count(*) FILTER (WHERE t.is_other)::int, min(t.first_row), min(t.closing),
        min(t.first_row) FILTER (WHERE t.closing IS NOT NULL)
    FROM unnest(v_bars.tfs, v_bars.first_rows, v_bars.closings, v_bars.are_other)
        AS t (tf, first_row, closing, is_other)
    GROUP BY t.tf;
END;
$$;
