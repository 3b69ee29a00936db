-- store_rejects: store the bad raw days of one asset where they differ from its rejects.
--   p_id        asset id
--   p_from, p_to  raw rows with p_from <= "timestamp" < p_to (p_to NULL: open)
-- Returns   how many were written.
-- Errors    none.   Cost  the rows in the range.
-- Rule      a reject keeps what was loaded, and why it was refused.
CREATE OR REPLACE FUNCTION store_rejects(p_id int, p_from timestamptz, p_to timestamptz)
RETURNS int
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $$
DECLARE
    v_now timestamptz := now();
    v_written int;
BEGIN
    WITH written AS (
        INSERT INTO cmc_price_bars_1d_rejects AS r (
            id, "timestamp", tf, reason, time_open, time_close, time_high, time_low, open, high, low,
            close, volume, market_cap, src_name, src_file, src_load_ts, rejected_at, local_day)
        SELECT
            p_id, c."timestamp", '1D', c.reason, c.time_open, c.time_close, c.raw_time_high,
            c.raw_time_low, c.raw_open, c.raw_high, c.raw_low, c.raw_close, c.raw_volume,
            c.raw_market_cap, c.src_name, c.src_file, c.src_load_ts, v_now, c.local_day
        FROM bars_1d_candidates AS c
        WHERE
            c.id = p_id AND c."timestamp" >= p_from AND (p_to IS NULL OR c."timestamp" < p_to)
            AND c.reason IS NOT NULL
        ORDER BY c."timestamp"
        ON CONFLICT (id, "timestamp", reason) DO UPDATE SET
            time_open = excluded.time_open, time_close = excluded.time_close,
            time_high = excluded.time_high, time_low = excluded.time_low, open = excluded.open,
            high = excluded.high, low = excluded.low, close = excluded.close,
            volume = excluded.volume, market_cap = excluded.market_cap,
            src_name = excluded.src_name, src_file = excluded.src_file,
            src_load_ts = excluded.src_load_ts, rejected_at = excluded.rejected_at,
            local_day = excluded.local_day
        WHERE record_image_ne(ROW(
            r.time_open, r.time_close, r.time_high, r.time_low, r.open, r.high, r.low, r.close, r.volume,
            r.market_cap, r.src_name, r.src_file, r.src_load_ts, r.local_day
        ), ROW(
            excluded.time_open, excluded.time_close, excluded.time_high, excluded.time_low, excluded.open,
            excluded.high, excluded.low, excluded.close, excluded.volume, excluded.market_cap,
            excluded.src_name, excluded.src_file, excluded.src_load_ts, excluded.local_day
        ))
        RETURNING r.id
    )
    SELECT count(*) INTO v_written FROM written;
    RETURN v_written;
END;
$$;
