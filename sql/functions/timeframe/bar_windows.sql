-- bar_windows: the windows of a timeframe for an asset that begins on a given day, one row each in bar_seq
--   order.
--   p_tf      a timeframe of the catalogue
--   p_first   the asset's first day
--   p_last    its last day: windows that start after it are left out
--   p_from    windows that end before it are left out; NULL: none
--   p_calendar  the asset's trading calendar; NULL: every day is a session
-- Returns   bar_seq, window_start and window_end (inclusive), nominal tf_days, expected_start (first day on
--           which a row is expected) and, for anchored timeframes, bar_anchor_offset: days since the start of
--           bar 1. No rows when p_tf, p_first or p_last is NULL, or when bar 1 would start after p_last.
-- Errors    TA002 unknown timeframe or calendar; TA004 p_first after p_last, or a day outside 1700-01-01 ..
--           2299-12-31; TA020 the calendar has no week.
-- Cost      proportional to the windows returned: 10,000 in a few milliseconds.
-- Rule      bar_seq = (unit of the day - first unit) / n + 1. N-day windows are runs of calendar days:
--           nominal for an asset that lacks days, whose bars are counted in rows.
CREATE OR REPLACE FUNCTION bar_windows(
    p_tf text, p_first date, p_last date, p_from date DEFAULT NULL, p_calendar text DEFAULT NULL)
RETURNS TABLE (
    bar_seq int,
    window_start date,
    window_end date,
    tf_days int,
    expected_start date,
    bar_anchor_offset int
)
LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 500
SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
DECLARE
    v_kind text := timeframe_kind(p_tf);
    v_n int := timeframe_qty(p_tf);
    v_days int := timeframe_nominal_days(p_tf);
    v_anchored boolean := p_tf LIKE '%ANCHOR%';
    v_first_unit int;
    v_last_unit int;
    v_from_unit int;
    v_start date;
    v_from_bar int;
    v_last_bar int;
BEGIN
    IF p_tf IS NULL OR p_first IS NULL OR p_last IS NULL THEN
        RETURN;
    END IF;
    IF NOT EXISTS (SELECT 1 FROM dim_timeframe AS t WHERE t.tf = p_tf) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'TA002',
            MESSAGE = format('unknown timeframe %L', p_tf),
            DETAIL = 'dim_timeframe has no such row; names are compared exactly.',
            HINT = format('The nearest are: %s', coalesce(
                (SELECT nearest_names(p_tf, array_agg(t.tf)) FROM dim_timeframe AS t), 'none'));
    END IF;
    PERFORM check_days(p_first, p_last);
    PERFORM check_days(p_from, NULL);

    IF v_kind = 'D' THEN
        PERFORM calendar_clock(p_calendar);
        v_from_bar := 1 + greatest(0, p_from - p_first) / v_n;
        v_last_bar := 1 + (p_last - p_first) / v_n;
        RETURN QUERY
        SELECT
            k.k, p_first + (k.k - 1) * v_n, p_first + k.k * v_n - 1, v_days,
            p_first + (k.k - 1) * v_n, NULL::int
        FROM generate_series(v_from_bar, v_last_bar) AS k (k);
        RETURN;
    END IF;

    v_first_unit := first_unit(
        v_kind, v_n, v_anchored, p_first, last_session_before(calendar_clock(p_calendar), p_first));
    v_last_unit := calendar_unit(v_kind, p_last);
    IF v_last_unit < v_first_unit THEN
        RETURN;
    END IF;
    v_from_unit := calendar_unit(v_kind, greatest(p_from, p_first));
    v_from_bar := 1 + greatest(0, v_from_unit - v_first_unit) / v_n;
    v_last_bar := 1 + (v_last_unit - v_first_unit) / v_n;
    v_start := unit_first_day(v_kind, v_first_unit);
    RETURN QUERY
    SELECT
        w.bar_seq, w.window_start, w.window_end, v_days, greatest(w.window_start, p_first),
        CASE WHEN v_anchored THEN w.window_start - v_start END
    FROM (
        SELECT
            k.k AS bar_seq,
            unit_first_day(v_kind, v_first_unit + (k.k - 1) * v_n) AS window_start,
            unit_first_day(v_kind, v_first_unit + k.k * v_n) - 1 AS window_end
        FROM generate_series(v_from_bar, v_last_bar) AS k (k)
    ) AS w
    ORDER BY w.bar_seq;
END;
$$;
