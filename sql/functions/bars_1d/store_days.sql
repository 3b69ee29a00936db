-- store_days: store the accepted raw days of one asset where they differ from its validated days.
--   p_id        asset id
--   p_tz        the asset's zone
--   p_from, p_to  raw rows with p_from <= "timestamp" < p_to (p_to NULL: open)
--   p_base      number of the last day before p_from; 0: none
-- Returns   bars_written: days written; written_from: the first of them; rows_from .. market_cap_from: the
--           first in which that changed (differing_days); repaired_timehigh, repaired_timelow: how many were
--           repaired.
-- Errors    none.   Cost  the rows in the range, 10 us a day that is written.
-- Rule      days are numbered 1.. over accepted rows; equal ones aren't written. They are gathered before
--           they are inserted: rows that an INSERT gathers by itself go over all nodes of a cluster.
CREATE OR REPLACE FUNCTION store_days(
    p_id int, p_tz text, p_from timestamptz, p_to timestamptz, p_base int,
    OUT bars_written int, OUT written_from timestamptz, OUT rows_from timestamptz, OUT open_from timestamptz,
    OUT high_from timestamptz, OUT low_from timestamptz, OUT close_from timestamptz,
    OUT volume_from timestamptz, OUT market_cap_from timestamptz, OUT repaired_timehigh int,
    OUT repaired_timelow int)
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
DECLARE
    v_stamps timestamptz[]; v_seqs int[]; v_local_days date[]; v_days date[];
    v_opened timestamptz[]; v_closed timestamptz[]; v_times_high timestamptz[]; v_times_low timestamptz[];
    v_opens float8[]; v_highs float8[]; v_lows float8[]; v_closes float8[]; v_volumes float8[];
    v_caps float8[]; v_repaired_high boolean[]; v_repaired_low boolean[];
    v_names text[]; v_files text[]; v_loaded timestamptz[];
    v_now timestamptz := now();
BEGIN
    SELECT
        count(*), min(f."timestamp"),
        min(f."timestamp") FILTER (WHERE f.other_row), min(f."timestamp") FILTER (WHERE f.other_open),
        min(f."timestamp") FILTER (WHERE f.other_high), min(f."timestamp") FILTER (WHERE f.other_low),
        min(f."timestamp") FILTER (WHERE f.other_close), min(f."timestamp") FILTER (WHERE f.other_volume),
        min(f."timestamp") FILTER (WHERE f.other_market_cap),
        count(*) FILTER (WHERE f.repaired_timehigh), count(*) FILTER (WHERE f.repaired_timelow),
        array_agg(f."timestamp"), array_agg(f.bar_seq), array_agg(f.local_day), array_agg(f.day),
        array_agg(f.time_open), array_agg(f.time_close), array_agg(f.time_high), array_agg(f.time_low),
        array_agg(f.open), array_agg(f.high), array_agg(f.low), array_agg(f.close), array_agg(f.volume),
        array_agg(f.market_cap), array_agg(f.repaired_timehigh), array_agg(f.repaired_timelow),
        array_agg(f.src_name), array_agg(f.src_file), array_agg(f.src_load_ts)
    INTO
        bars_written, written_from, rows_from, open_from, high_from, low_from, close_from, volume_from,
        market_cap_from, repaired_timehigh, repaired_timelow,
        v_stamps, v_seqs, v_local_days, v_days, v_opened, v_closed, v_times_high, v_times_low, v_opens,
        v_highs, v_lows, v_closes, v_volumes, v_caps, v_repaired_high, v_repaired_low, v_names, v_files,
        v_loaded
    FROM differing_days(p_id, p_tz, p_from, p_to, p_base) AS f;
    IF bars_written = 0 THEN
        RETURN;
    END IF;
    -- A new day alone: of an INSERT of values a cluster keeps the plan.
    IF bars_written = 1 THEN
        INSERT INTO cmc_price_bars_1d (
            id, "timestamp", tf, bar_seq, local_day, day, time_open, time_close, time_high, time_low, open,
            high, low, close, volume, market_cap, is_partial_start, is_partial_end, is_missing_days,
            repaired_timehigh, repaired_timelow, src_name, src_file, src_load_ts, ingested_at)
        VALUES (
            p_id, v_stamps[1], '1D', v_seqs[1], v_local_days[1], v_days[1], v_opened[1], v_closed[1],
            v_times_high[1], v_times_low[1], v_opens[1], v_highs[1], v_lows[1], v_closes[1], v_volumes[1],
            v_caps[1], false, false, false, v_repaired_high[1], v_repaired_low[1], v_names[1], v_files[1],
            v_loaded[1], v_now)
        ON CONFLICT (id, "timestamp") DO NOTHING;
        IF FOUND THEN
            RETURN;
        END IF;
    END IF;
    INSERT INTO cmc_price_bars_1d AS d (
        id, "timestamp", tf, bar_seq, time_open, time_close, time_high, time_low, open, high, low, close,
        volume, market_cap, is_partial_start, is_partial_end, is_missing_days, repaired_timehigh,
        repaired_timelow, src_name, src_file, src_load_ts, ingested_at, local_day, day)
    SELECT
        p_id, f.stamp, '1D', f.seq, f.opened, f.closed, f.time_high, f.time_low, f.open, f.high, f.low,
        f.close, f.volume, f.market_cap, false, false, false, f.repaired_high, f.repaired_low, f.name, f.file,
        f.loaded, v_now, f.local_day, f.day
    FROM unnest(
        v_stamps, v_seqs, v_local_days, v_days, v_opened, v_closed, v_times_high, v_times_low, v_opens,
        v_highs, v_lows, v_closes, v_volumes, v_caps, v_repaired_high, v_repaired_low, v_names, v_files,
        v_loaded)
        AS f (
            stamp, seq, local_day, day, opened, closed, time_high, time_low, open, high, low, close, volume,
            market_cap, repaired_high, repaired_low, name, file, loaded)
    ORDER BY f.stamp
    ON CONFLICT (id, "timestamp") DO UPDATE SET
        tf = excluded.tf, bar_seq = excluded.bar_seq, time_open = excluded.time_open,
        time_close = excluded.time_close, time_high = excluded.time_high, time_low = excluded.time_low,
        open = excluded.open, high = excluded.high, low = excluded.low, close = excluded.close,
        volume = excluded.volume, market_cap = excluded.market_cap,
        is_partial_start = excluded.is_partial_start, is_partial_end = excluded.is_partial_end,
        is_missing_days = excluded.is_missing_days, repaired_timehigh = excluded.repaired_timehigh,
        repaired_timelow = excluded.repaired_timelow, src_name = excluded.src_name,
        src_file = excluded.src_file, src_load_ts = excluded.src_load_ts,
        ingested_at = excluded.ingested_at, local_day = excluded.local_day, day = excluded.day;
END;
$$;
