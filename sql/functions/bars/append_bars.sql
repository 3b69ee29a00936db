-- append_bars: add one new day, the newest, to the bars of some timeframes.
--   p_id    asset id
--   p_tfs   timeframes (not 1D) whose bars stand complete up to the day before
--   p_row   row number (1d bar_seq) of the new day
--   p_sessions   the asset's trading calendar, with the new day (sessions_of_asset); NULL: every day is
--                expected
-- Returns   per timeframe: bars_written; closing_from: "timestamp" of the last day of a bar that this day
--           closed late, or that is no longer the day that closes its bar; in that case changed_from:
--           "timestamp" of the bar's first day.
-- Errors    TA010 the day doesn't follow the one before, TA030 the bar that it continues is missing.
-- Cost      one bar per timeframe, found by arithmetic and changed where it stands; no history is read.
-- Rule      as build_bars, one step of it. Long, since the new day is one update of every column of the
--           forming bars, and one insert of the bars that begin.
CREATE OR REPLACE FUNCTION append_bars(p_id int, p_tfs text[], p_row int, p_sessions asset_sessions)
RETURNS TABLE (tf text, bars_written int, closing_from timestamptz, changed_from timestamptz)
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
SET jit = off
SET plan_cache_mode = force_generic_plan
AS $$
#variable_conflict use_column
DECLARE
    v_new cmc_price_bars_1d%ROWTYPE;
    v_before timestamptz;
    v_day_before date;
    v_first_day date;
    v_skipped int;
    v_clock session_clock := (p_sessions).clock;
    v_missing date[] := (p_sessions).missing_days;
    v_moved_tfs text[];
    v_moved_stamps timestamptz[];
    v_catalogue record;
    v_bars record;
    v_written text[];
BEGIN
    SELECT * INTO v_new FROM cmc_price_bars_1d AS d WHERE d.id = p_id AND d.bar_seq = p_row;
    SELECT
        max(d."timestamp") FILTER (WHERE d.bar_seq = p_row - 1),
        max(d.day) FILTER (WHERE d.bar_seq = p_row - 1), max(d.day) FILTER (WHERE d.bar_seq = 1)
    INTO v_before, v_day_before, v_first_day
    FROM cmc_price_bars_1d AS d WHERE d.id = p_id AND d.bar_seq IN (1, p_row - 1);
    IF v_new.day <= v_day_before THEN
        PERFORM raise_days_disorder(p_id, v_day_before, v_new.day, v_before, v_new."timestamp");
    END IF;
    v_skipped := coalesce(sessions_between(v_clock, v_day_before + 1, v_new.day - 1), 0);
    -- Only a day that was missing can have kept a bar from closing in time.
    IF v_skipped > 0 THEN
        RETURN QUERY SELECT * FROM close_bars_late(
            p_id, p_tfs, v_first_day, v_day_before, v_new.day, p_sessions);
    END IF;

    -- By themselves: of a statement about one table a cluster keeps the plan.
    SELECT
        array_agg(c.tf) AS tfs, array_agg(c.unit_kind) AS kinds, array_agg(c.tf_qty) AS quantities,
        array_agg(c.allow_partial_start) AS are_partial
    INTO v_catalogue
    FROM dim_timeframe AS c WHERE c.tf = ANY(p_tfs);
    SELECT
        array_agg(b.tf) FILTER (WHERE b.goes_on) AS tfs,
        array_agg(b.bar_seq) FILTER (WHERE b.goes_on) AS bars,
        array_agg(b.to_come) FILTER (WHERE b.goes_on) AS to_come,
        array_agg(b.tf) FILTER (WHERE NOT b.goes_on) AS new_tfs,
        array_agg(b.bar_seq) FILTER (WHERE NOT b.goes_on) AS new_bars,
        array_agg(b.to_come) FILTER (WHERE NOT b.goes_on) AS new_to_come,
        array_agg(b.expected_from) FILTER (WHERE NOT b.goes_on) AS new_expected_from
    INTO v_bars
    FROM (
        SELECT
            u.tf, u.bar_seq,
            CASE
                WHEN u.kind = 'D' THEN u.bar_seq * u.n - p_row
                ELSE sessions_between(v_clock, v_new.day + 1, u.window_end)
            END AS to_come,
            CASE
                WHEN u.kind = 'D' THEN (p_row - 1) % u.n > 0
                ELSE bar_of_day(u.kind, u.n, u.first_unit, p_row - 1, v_day_before) = u.bar_seq
            END IS TRUE AS goes_on,
            CASE
                WHEN u.kind = 'D' THEN v_new.day
                ELSE greatest(window_start(u.kind, u.n, u.first_unit, u.bar_seq), v_first_day)
            END AS expected_from
        FROM (
            SELECT g.*, window_end(g.kind, g.n, g.first_unit, g.bar_seq) AS window_end
            FROM (
                SELECT f.*, bar_of_day(f.kind, f.n, f.first_unit, p_row, v_new.day) AS bar_seq
                FROM (
                    SELECT
                        c.tf, c.kind, c.n,
                        first_unit(c.kind, c.n, c.is_partial, v_first_day, (p_sessions).session_before)
                            AS first_unit
                    FROM unnest(
                        v_catalogue.tfs, v_catalogue.kinds, v_catalogue.quantities, v_catalogue.are_partial)
                        AS c (tf, kind, n, is_partial)
                    OFFSET 0
                ) AS f
                OFFSET 0
            ) AS g
            OFFSET 0
        ) AS u
        WHERE u.bar_seq > 0
        OFFSET 0
    ) AS b;
    -- A day that is no session may still lie in the window of a bar that is closed: then it closes the bar.
    IF NOT is_session_of(v_clock, v_new.day) THEN
        SELECT array_agg(b.tf), array_agg(d."timestamp") INTO v_moved_tfs, v_moved_stamps
        FROM unnest(v_bars.tfs, v_bars.bars) AS n (tf, bar_seq)
        INNER JOIN bars AS b ON b.id = p_id AND b.tf = n.tf AND b.bar_seq = n.bar_seq AND b.is_closed
        INNER JOIN cmc_price_bars_1d AS d ON d.id = p_id AND d.bar_seq = b.first_row;
    END IF;
    WITH written AS (
        UPDATE bars AS b SET
            last_row = p_row,
            days_remaining = n.to_come,
            missing_interior = b.missing_interior + v_skipped,
            is_closed = n.to_come = 0,
            first_missing_day = coalesce(
                b.first_missing_day,
                CASE WHEN v_skipped > 0 THEN first_missing_from(v_missing, v_day_before + 1) END),
            last_missing_day = CASE
                WHEN v_skipped > 0 THEN last_missing_to(v_missing, v_new.day - 1) ELSE b.last_missing_day
            END,
            time_close = v_new."timestamp",
            time_high = CASE
                WHEN v_new.high > b.high THEN v_new.time_high
                WHEN v_new.high = b.high THEN least(b.time_high, v_new.time_high)
                ELSE b.time_high
            END,
            time_low = CASE
                WHEN v_new.low < b.low THEN v_new.time_low
                WHEN v_new.low = b.low THEN least(b.time_low, v_new.time_low)
                ELSE b.time_low
            END,
            high = CASE WHEN v_new.high > b.high THEN v_new.high ELSE b.high END,
            low = CASE WHEN v_new.low < b.low THEN v_new.low ELSE b.low END,
            close = v_new.close,
            volume = coalesce(b.volume + v_new.volume, b.volume, v_new.volume),
            market_cap = coalesce(v_new.market_cap, b.market_cap)
        FROM unnest(v_bars.tfs, v_bars.bars, v_bars.to_come) AS n (tf, bar_seq, to_come)
        WHERE b.id = p_id AND b.tf = n.tf AND b.bar_seq = n.bar_seq AND b.last_row = p_row - 1
        RETURNING b.tf
    )
    SELECT array_agg(w.tf) INTO v_written FROM written AS w;
    IF cardinality(v_written) IS DISTINCT FROM cardinality(v_bars.tfs) THEN
        PERFORM raise_bars_differ(p_id, (
            SELECT t.tf FROM unnest(v_bars.tfs) AS t (tf) WHERE t.tf = ANY(v_written) IS NOT TRUE LIMIT 1));
    END IF;
    INSERT INTO bars AS b (
        id, tf, bar_seq, first_row, last_row, days_remaining, missing_start, missing_interior, missing_end,
        is_closed, first_missing_day, last_missing_day, time_open, time_close, time_high, time_low, open,
        high, low, close, volume, market_cap)
    SELECT
        p_id, n.tf, n.bar_seq, p_row, p_row, n.to_come, n.missing, 0, 0, n.to_come = 0,
        CASE WHEN n.missing > 0 THEN first_missing_from(v_missing, n.expected_from) END,
        CASE WHEN n.missing > 0 THEN last_missing_to(v_missing, v_new.day - 1) END,
        bar_time_open(v_before, v_new."timestamp"), v_new."timestamp", v_new.time_high, v_new.time_low,
        v_new.open, v_new.high, v_new.low, v_new.close, v_new.volume, v_new.market_cap
    FROM (
        SELECT u.*, missing_between(v_missing, u.expected_from, v_new.day - 1, 0) AS missing
        FROM unnest(v_bars.new_tfs, v_bars.new_bars, v_bars.new_to_come, v_bars.new_expected_from)
            AS u (tf, bar_seq, to_come, expected_from)
    ) AS n;
    RETURN QUERY
    SELECT t.tf, 1, CASE WHEN m.tf IS NOT NULL THEN v_before END, m.first_stamp
    FROM unnest(v_bars.tfs || v_bars.new_tfs) AS t (tf)
    LEFT JOIN unnest(v_moved_tfs, v_moved_stamps) AS m (tf, first_stamp) ON m.tf = t.tf;
END;
$$;
