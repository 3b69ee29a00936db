-- fetch_stored_days: bring the stored days of the assets in price_days into stored_days.
-- Returns   nothing.
-- Errors    none.   Cost  the stored days between the first and the last day of each asset, two days around.
-- Rule      day is the local day in the asset's zone. A table of its own: local rows and rows that lie
--           elsewhere meet in no other statement.
CREATE OR REPLACE FUNCTION fetch_stored_days()
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $$
DECLARE
    v_ids int[];
    v_zones text[];
    v_from timestamptz;
    v_to timestamptz;
BEGIN
    SELECT min(d."timestamp") - interval '2 days', max(d."timestamp") + interval '2 days'
    INTO v_from, v_to FROM price_days AS d;
    v_ids := ARRAY(SELECT d.id FROM price_days AS d GROUP BY d.id);
    SELECT array_agg(i.id), array_agg(coalesce(a.tz, default_tz())) INTO v_ids, v_zones
    FROM unnest(v_ids) AS i (id) LEFT JOIN assets AS a ON a.id = i.id;
    INSERT INTO stored_days (
        id, name, timeopen, timeclose, timehigh, timelow, "timestamp",
        open, high, low, close, volume, marketcap, source_file, load_ts, local_day, day)
    SELECT
        h.id, h.name, h.timeopen, h.timeclose, h.timehigh, h.timelow, h."timestamp",
        h.open, h.high, h.low, h.close, h.volume, h.marketcap, h.source_file, h.load_ts, h.local_day,
        local_day_of(h.local_day, h."timestamp", z.tz)
    FROM cmc_price_histories7 AS h
    JOIN unnest(v_ids, v_zones) AS z (id, tz) ON z.id = h.id
    WHERE h."timestamp" BETWEEN v_from AND v_to;
END;
$$;
