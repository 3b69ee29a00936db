-- reshape_bars: count days anew in the bars whose windows hold days of the calendar that changed.
--   p_id        asset id
--   p_tfs       timeframes (not 1D) whose bars stand complete and begin where they did
--   p_days      the days that changed
--   p_sessions  the asset's trading calendar as applied now (sessions_of_asset)
-- Returns   per timeframe with such bars: bars_written, those that came out otherwise; touched_from,
--           closing_from and changed_from: "timestamp" of the first day of the earliest such bar, of the last
--           day of one that closed or reopened, and of its first day.
-- Errors    none.   Cost  a few index probes for each day and timeframe; prices aren't read.
-- Rule      a bar is touched when its window holds such a day; an N-day bar when its days reach over it.
CREATE OR REPLACE FUNCTION reshape_bars(p_id int, p_tfs text[], p_days date[], p_sessions asset_sessions)
RETURNS TABLE (
    tf text, bars_written int, touched_from timestamptz, closing_from timestamptz, changed_from timestamptz
)
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
SET jit = off
SET plan_cache_mode = force_generic_plan
AS $$
#variable_conflict use_column
DECLARE
    v_first_day date;
    v_rows int[];
    v_bars record;
BEGIN
    SELECT d.day INTO v_first_day FROM cmc_price_bars_1d AS d WHERE d.id = p_id AND d.bar_seq = 1;
    v_rows := ARRAY(
        SELECT row_of_day(p_id, c.day) FROM unnest(p_days) WITH ORDINALITY AS c (day, n) ORDER BY c.n);
    SELECT
        array_agg(b.tf) AS tfs, array_agg(b.bar_seq) AS bars, array_agg(s.days_remaining) AS remaining,
        array_agg(s.missing_start) AS starts, array_agg(s.missing_interior) AS interiors,
        array_agg(s.missing_end) AS ends, array_agg(s.is_closed) AS closed,
        array_agg(s.first_missing_day) AS first_days, array_agg(s.last_missing_day) AS last_days,
        array_agg(f."timestamp") AS first_stamps, array_agg(b.is_closed <> s.is_closed) AS closings
    INTO v_bars
    FROM (
        SELECT DISTINCT
            g.tf, g.kind, g.n, g.first_unit, g.newest,
            bar_of_day(g.kind, g.n, g.first_unit, c.row_no, c.day) AS bar_seq
        FROM (
            SELECT
                t.tf, t.unit_kind AS kind, t.tf_qty AS n,
                first_unit(
                    t.unit_kind, t.tf_qty, t.allow_partial_start, v_first_day, (p_sessions).session_before
                ) AS first_unit,
                (
                    SELECT max(o.bar_seq) FROM bars AS o WHERE o.id = p_id AND o.tf = t.tf
                ) AS newest
            FROM dim_timeframe AS t WHERE t.tf = ANY(p_tfs)
            OFFSET 0
        ) AS g
        CROSS JOIN unnest(p_days, v_rows) AS c (day, row_no)
        OFFSET 0
    ) AS k
    INNER JOIN bars AS b ON b.id = p_id AND b.tf = k.tf AND b.bar_seq = k.bar_seq
    INNER JOIN cmc_price_bars_1d AS f ON f.id = p_id AND f.bar_seq = b.first_row
    INNER JOIN cmc_price_bars_1d AS l ON l.id = p_id AND l.bar_seq = b.last_row
    CROSS JOIN LATERAL bar_shape(
        k.kind, k.n, k.first_unit, k.bar_seq, v_first_day, b.first_row, b.last_row, f.day, l.day, NULL, NULL,
        k.bar_seq = k.newest, (p_sessions).clock, (p_sessions).missing_days) AS s
    WHERE k.kind <> 'D' OR EXISTS (
        SELECT 1 FROM unnest(p_days) AS c (day) WHERE c.day > f.day AND c.day < l.day);

    RETURN QUERY
    WITH written AS (
        UPDATE bars AS b SET
            days_remaining = n.remaining, missing_start = n.missing_start,
            missing_interior = n.missing_interior, missing_end = n.missing_end, is_closed = n.is_closed,
            first_missing_day = n.first_missing_day, last_missing_day = n.last_missing_day
        FROM unnest(
            v_bars.tfs, v_bars.bars, v_bars.remaining, v_bars.starts, v_bars.interiors, v_bars.ends,
            v_bars.closed, v_bars.first_days, v_bars.last_days
        ) AS n (
            tf, bar_seq, remaining, missing_start, missing_interior, missing_end, is_closed,
            first_missing_day, last_missing_day)
        WHERE
            b.id = p_id AND b.tf = n.tf AND b.bar_seq = n.bar_seq
            AND (
                b.days_remaining, b.missing_start, b.missing_interior, b.missing_end, b.is_closed,
                b.first_missing_day, b.last_missing_day
            ) IS DISTINCT FROM (
                n.remaining, n.missing_start, n.missing_interior, n.missing_end, n.is_closed,
                n.first_missing_day, n.last_missing_day)
        RETURNING b.tf, b.bar_seq, b.time_close
    )
    SELECT
        t.tf, count(w.tf)::int, min(t.first_stamp), min(w.time_close) FILTER (WHERE t.closing),
        min(t.first_stamp) FILTER (WHERE t.closing)
    FROM unnest(v_bars.tfs, v_bars.bars, v_bars.first_stamps, v_bars.closings)
        AS t (tf, bar_seq, first_stamp, closing)
    LEFT JOIN written AS w ON w.tf = t.tf AND w.bar_seq = t.bar_seq
    GROUP BY t.tf;
END;
$$;
