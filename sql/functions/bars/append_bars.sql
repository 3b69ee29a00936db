-- append_bars: add one new day, the newest, to the bars of some timeframes.
--   p_id    asset id
--   p_tfs   timeframes (not 1D) whose bars stand complete up to the day before
--   p_row   row number (1d bar_seq) of the new day
-- Returns   per timeframe: bars_written; closing_from: "timestamp" of the last day of a bar that this day
--           closed late.
-- Errors    TA010 the day doesn't follow the one before, TA030 the bar that it continues is
--           missing.
-- Cost      one forming bar per timeframe, found by arithmetic; closed history isn't read.
-- Rule      as build_bars, one step of it.
CREATE OR REPLACE FUNCTION append_bars(p_id int, p_tfs text[], p_row int)
RETURNS TABLE (tf text, bars_written int, closing_from timestamptz)
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
SET plan_cache_mode = force_generic_plan
AS $$
#variable_conflict use_column
DECLARE
    v_new cmc_price_bars_1d%ROWTYPE;
    v_before timestamptz;
    v_day date;
    v_day_before date;
    v_first_day date;
    v_tfs text[];
    v_kinds text[];
    v_counts int[];
    v_units int[];
BEGIN
    SELECT * INTO v_new FROM cmc_price_bars_1d AS d WHERE d.id = p_id AND d.bar_seq = p_row;
    SELECT d."timestamp", d.day INTO v_before, v_day_before
    FROM cmc_price_bars_1d AS d WHERE d.id = p_id AND d.bar_seq = p_row - 1;
    SELECT d.day INTO v_first_day
    FROM cmc_price_bars_1d AS d WHERE d.id = p_id AND d.bar_seq = 1;
    v_day := v_new.day;
    IF v_day <= v_day_before THEN
        PERFORM raise_days_disorder(p_id, v_day_before, v_day, v_before, v_new."timestamp");
    END IF;

    SELECT
        array_agg(c.tf), array_agg(c.unit_kind), array_agg(c.tf_qty),
        array_agg(first_unit(c.unit_kind, c.tf_qty, c.allow_partial_start, v_first_day))
    INTO v_tfs, v_kinds, v_counts, v_units
    FROM dim_timeframe AS c WHERE c.tf = ANY(p_tfs);

    -- The bar that the day before left open is closed by this day, if this day lies beyond its window.
    RETURN QUERY
    WITH timeframes AS MATERIALIZED (
        SELECT * FROM unnest(v_tfs, v_kinds, v_counts, v_units) AS u (tf, kind, n, first_unit)
        WHERE u.kind <> 'D' AND u.first_unit <= calendar_unit(u.kind, v_day_before)
    ),
    placed AS MATERIALIZED (
        SELECT
            u.tf, u.kind, u.n, u.first_unit,
            bar_of_unit(u.n, u.first_unit, calendar_unit(u.kind, v_day_before)) AS bar_seq
        FROM timeframes AS u
    ),
    windows AS MATERIALIZED (
        SELECT p.tf, p.bar_seq, window_end(p.kind, p.n, p.first_unit, p.bar_seq) AS window_end
        FROM placed AS p
    ),
    closed AS (
        UPDATE bars AS b SET
            is_closed = true,
            days_remaining = 0,
            missing_end = t.window_end - v_day_before,
            first_missing_day = coalesce(b.first_missing_day, v_day_before + 1),
            last_missing_day = t.window_end
        FROM windows AS t
        WHERE
            b.id = p_id AND b.tf = t.tf AND b.bar_seq = t.bar_seq AND NOT b.is_closed AND v_day > t.window_end
        RETURNING b.tf, b.time_close
    )
    SELECT c.tf, 1, c.time_close FROM closed AS c;

    RETURN QUERY
    WITH timeframes AS MATERIALIZED (
        SELECT u.*, unit_of_day(u.kind, p_row, v_day) AS unit
        FROM unnest(v_tfs, v_kinds, v_counts, v_units) AS u (tf, kind, n, first_unit)
    ),
    placed AS MATERIALIZED (
        SELECT u.*, bar_of_unit(u.n, u.first_unit, u.unit) AS bar_seq
        FROM timeframes AS u
        WHERE u.unit >= u.first_unit
    ),
    windows AS MATERIALIZED (
        SELECT
            u.tf, u.kind, u.n, u.bar_seq,
            CASE
                WHEN u.kind = 'D' THEN p_row % u.n <> 1 AND u.n > 1
                ELSE calendar_unit(u.kind, v_day_before) >= u.first_unit + (u.bar_seq - 1) * u.n
            END AS goes_on,
            window_end(u.kind, u.n, u.first_unit, u.bar_seq) AS window_end,
            CASE WHEN u.kind <> 'D'
                THEN greatest(window_start(u.kind, u.n, u.first_unit, u.bar_seq), v_first_day)
            END AS expected_start
        FROM placed AS u
    ),
    written AS (
        INSERT INTO bars AS b (
            id, tf, bar_seq, first_row, last_row, days_remaining, missing_start, missing_interior,
            missing_end, is_closed, first_missing_day, last_missing_day, time_open, time_close, time_high,
            time_low, open, high, low, close, volume, market_cap)
        SELECT
            p_id, t.tf, t.bar_seq,
            CASE
                WHEN o.id IS NULL AND t.goes_on OR o.last_row <> p_row - 1 THEN raise_bars_differ(p_id, t.tf)
                ELSE coalesce(o.first_row, p_row)
            END,
            p_row,
            CASE
                WHEN t.kind = 'D' THEN t.n - (p_row - coalesce(o.first_row, p_row) + 1)
                ELSE t.window_end - v_day
            END,
            m.missing_start,
            coalesce(o.missing_interior, 0) + m.skipped,
            0,
            CASE
                WHEN t.kind = 'D' THEN p_row - coalesce(o.first_row, p_row) + 1 = t.n
                ELSE v_day = t.window_end
            END,
            coalesce(o.first_missing_day, CASE
                WHEN m.missing_start > 0 THEN t.expected_start
                WHEN m.skipped > 0 THEN v_day_before + 1
            END),
            CASE
                WHEN m.skipped > 0 THEN v_day - 1
                WHEN o.id IS NOT NULL THEN o.last_missing_day
                WHEN m.missing_start > 0 THEN v_day - 1
            END,
            coalesce(o.time_open, bar_time_open(v_before, v_new."timestamp")),
            v_new."timestamp",
            CASE
                WHEN o.id IS NULL OR v_new.high > o.high THEN v_new.time_high
                WHEN v_new.high = o.high THEN least(o.time_high, v_new.time_high)
                ELSE o.time_high
            END,
            CASE
                WHEN o.id IS NULL OR v_new.low < o.low THEN v_new.time_low
                WHEN v_new.low = o.low THEN least(o.time_low, v_new.time_low)
                ELSE o.time_low
            END,
            CASE WHEN o.id IS NULL THEN v_new.open ELSE o.open END,
            CASE WHEN o.id IS NULL OR v_new.high > o.high THEN v_new.high ELSE o.high END,
            CASE WHEN o.id IS NULL OR v_new.low < o.low THEN v_new.low ELSE o.low END,
            v_new.close,
            CASE
                WHEN o.volume IS NULL THEN v_new.volume
                WHEN v_new.volume IS NULL THEN o.volume
                ELSE o.volume + v_new.volume
            END,
            coalesce(v_new.market_cap, o.market_cap)
        FROM windows AS t
        LEFT JOIN bars AS o ON o.id = p_id AND o.tf = t.tf AND o.bar_seq = t.bar_seq
        CROSS JOIN LATERAL (
            SELECT
                CASE
                    WHEN o.id IS NOT NULL THEN o.missing_start
                    WHEN t.kind = 'D' THEN 0
                    ELSE v_day - t.expected_start
                END
                    AS missing_start,
                CASE WHEN o.id IS NOT NULL THEN v_day - v_day_before - 1 ELSE 0 END AS skipped
        ) AS m
        ON CONFLICT (id, tf, bar_seq) DO UPDATE SET
            last_row = excluded.last_row, days_remaining = excluded.days_remaining,
            missing_interior = excluded.missing_interior, is_closed = excluded.is_closed,
            first_missing_day = excluded.first_missing_day, last_missing_day = excluded.last_missing_day,
            time_close = excluded.time_close, time_high = excluded.time_high, time_low = excluded.time_low,
            high = excluded.high, low = excluded.low, close = excluded.close, volume = excluded.volume,
            market_cap = excluded.market_cap
        RETURNING b.tf
    )
    SELECT w.tf, 1, NULL::timestamptz FROM written AS w;
END;
$$;
