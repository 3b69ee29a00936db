-- count_days_anew: count days anew in the bars under which days of the calendar changed.
--   p_id, p_work   asset, and what there is to do for its bars (bar_work)
--   p_sessions     its trading calendar as applied now (sessions_of_asset)
--   p_built        timeframes that were built in the same call, with it
-- Returns   elements of bars_done.
-- Errors    none.   Cost  nothing where no day changed; else as reshape_bars.
-- Rule      a calendar moves days that are missing and to come, never prices.
CREATE OR REPLACE FUNCTION count_days_anew(
    p_id int, p_work bar_work[], p_sessions asset_sessions, p_built text[])
RETURNS bars_done[]
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $$
DECLARE
    v_days date[] := ARRAY(
        SELECT DISTINCT u.day FROM unnest(p_work) AS w CROSS JOIN LATERAL unnest(w.changed_days) AS u (day));
    v_tfs text[] := ARRAY(
        SELECT t.tf FROM unnest(p_work) AS w CROSS JOIN LATERAL unnest(w.tfs) AS t (tf)
        WHERE w.changed_days IS NOT NULL AND t.tf = ANY(w.due) AND t.tf = ANY(p_built) IS NOT TRUE);
    v_written int[];
    v_touched int[];
    v_closing timestamptz[];
    v_reclosed int[];
BEGIN
    IF v_days = '{}' OR v_tfs = '{}' THEN
        RETURN '{}';
    END IF;
    SELECT
        array_agg(b.tf), array_agg(b.bars_written), array_agg(b.touched_row), array_agg(b.closing_from),
        array_agg(b.reclosed_row)
    INTO v_tfs, v_written, v_touched, v_closing, v_reclosed
    FROM reshape_bars(p_id, v_tfs, v_days, p_sessions) AS b;
    RETURN ARRAY(
        SELECT ROW(
            b.tf, b.bars_written, 0, b.closing_from, r.reclosed, r.touched, r.reclosed)::bars_done
        FROM unnest(v_tfs, v_written, v_touched, v_closing, v_reclosed)
            AS b (tf, bars_written, touched_row, closing_from, reclosed_row)
        CROSS JOIN LATERAL (
            SELECT
                min(d."timestamp") AS touched,
                min(d."timestamp") FILTER (WHERE d.bar_seq = b.reclosed_row) AS reclosed
            FROM cmc_price_bars_1d AS d
            WHERE d.id = p_id AND d.bar_seq IN (b.touched_row, b.reclosed_row)
        ) AS r);
END;
$$;
