-- differing_days: the accepted raw days of one asset that differ from its validated days.
--   p_id        asset id
--   p_tz        the asset's zone
--   p_from, p_to  raw rows with p_from <= "timestamp" < p_to (p_to NULL: open)
--   p_base      number of the last day before p_from; 0: none
-- Returns   the days as they are to be stored; other_row: there was none, or it has another number or day;
--           other_open .. other_market_cap: of one that there was, the value differs, highs and lows with the
--           time of their trade.
-- Errors    none.   Cost  the rows in the range, raw and stored.
-- Rule      days are numbered 1.. over accepted rows; a day differs in its bits.
CREATE OR REPLACE FUNCTION differing_days(
    p_id int, p_tz text, p_from timestamptz, p_to timestamptz, p_base int)
RETURNS TABLE (
    "timestamp" timestamptz, bar_seq int, time_open timestamptz, time_close timestamptz,
    time_high timestamptz, time_low timestamptz, open float8, high float8, low float8, close float8,
    volume float8, market_cap float8, repaired_timehigh boolean, repaired_timelow boolean, src_name text,
    src_file text, src_load_ts timestamptz, local_day date, day date, other_row boolean, other_open boolean,
    other_high boolean, other_low boolean, other_close boolean, other_volume boolean, other_market_cap boolean
)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT
        c."timestamp", c.bar_seq, c.time_open, c.time_close, c.time_high, c.time_low, c.open, c.high, c.low,
        c.close, c.volume, c.market_cap, c.repaired_timehigh, c.repaired_timelow, c.src_name, c.src_file,
        c.src_load_ts, c.local_day, c.day,
        d."timestamp" IS NULL OR c.bar_seq <> d.bar_seq OR c.day <> d.day,
        d."timestamp" IS NOT NULL AND record_image_ne(ROW(c.open), ROW(d.open)),
        d."timestamp" IS NOT NULL AND record_image_ne(ROW(c.high, c.time_high), ROW(d.high, d.time_high)),
        d."timestamp" IS NOT NULL AND record_image_ne(ROW(c.low, c.time_low), ROW(d.low, d.time_low)),
        d."timestamp" IS NOT NULL AND record_image_ne(ROW(c.close), ROW(d.close)),
        d."timestamp" IS NOT NULL AND record_image_ne(ROW(c.volume), ROW(d.volume)),
        d."timestamp" IS NOT NULL AND record_image_ne(ROW(c.market_cap), ROW(d.market_cap))
    FROM (
        SELECT
            v.*, (p_base + row_number() OVER (ORDER BY v."timestamp"))::int AS bar_seq,
            local_day_of(v.local_day, v."timestamp", p_tz) AS day
        FROM candidates_of(p_id, p_from, p_to) AS v
        WHERE v.reason IS NULL
        OFFSET 0
    ) AS c
    LEFT JOIN stored_days_of(p_id, p_from, p_to) AS d ON d."timestamp" = c."timestamp"
    WHERE
        d."timestamp" IS NULL OR record_image_ne(ROW(
            c.bar_seq, c.time_open, c.time_close, c.time_high, c.time_low, c.open, c.high, c.low, c.close,
            c.volume, c.market_cap, c.repaired_timehigh, c.repaired_timelow, c.src_name, c.src_file,
            c.src_load_ts, c.local_day, c.day
        ), ROW(
            d.bar_seq, d.time_open, d.time_close, d.time_high, d.time_low, d.open, d.high, d.low, d.close,
            d.volume, d.market_cap, d.repaired_timehigh, d.repaired_timelow, d.src_name, d.src_file,
            d.src_load_ts, d.local_day, d.day
        ))
        OR d.is_odd;
END;
$$;
