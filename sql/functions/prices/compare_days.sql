-- compare_days: find out which days of price_days differ from the stored ones, into changed_days.
-- Returns   nothing.
-- Errors    none.   Cost  one join of price_days with stored_days.
-- Rule      the file wins in the roles that it has; what it has no column for keeps the stored value. A file
--           of one price leaves open, high and low of a full row as they are. Where nothing is stored,
--           price_days is what differs, and is not copied.
CREATE OR REPLACE FUNCTION compare_days()
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM stored_days) THEN
        RETURN;
    END IF;
    INSERT INTO changed_days (
        id, name, timeopen, timeclose, timehigh, timelow, "timestamp",
        open, high, low, close, volume, marketcap, source_file, load_ts, local_day, is_new)
    SELECT
        n.id, n.name, n.timeopen, n.timeclose, n.timehigh, n.timelow, n."timestamp",
        n.open, n.high, n.low, n.close, n.volume, n.marketcap, n.source_file, now(), n.local_day, n.is_new
    FROM (
        SELECT
            d.id, d."timestamp", d.timeopen, d.timeclose, f.source_file, h.id IS NULL AS is_new,
            CASE WHEN h.id IS NULL OR 'name' = ANY (f.roles) THEN d.name ELSE h.name END AS name,
            CASE WHEN h.id IS NULL OR 'timehigh' = ANY (f.roles) THEN d.timehigh ELSE h.timehigh END
                AS timehigh,
            CASE WHEN h.id IS NULL OR 'timelow' = ANY (f.roles) THEN d.timelow ELSE h.timelow END AS timelow,
            CASE WHEN k.keeps THEN h.open ELSE d.open END AS open,
            CASE WHEN k.keeps THEN h.high ELSE d.high END AS high,
            CASE WHEN k.keeps THEN h.low ELSE d.low END AS low,
            d.close,
            CASE WHEN h.id IS NULL OR 'volume' = ANY (f.roles) THEN d.volume ELSE h.volume END AS volume,
            CASE WHEN h.id IS NULL OR 'marketcap' = ANY (f.roles) THEN d.marketcap ELSE h.marketcap END
                AS marketcap,
            CASE WHEN h.id IS NULL OR f.stamp <> 'close' THEN d.local_day ELSE h.local_day END AS local_day,
            ROW(h.name, h.timeopen, h.timeclose, h.timehigh, h.timelow, h.open, h.high, h.low, h.close,
                h.volume, h.marketcap, h.local_day) AS stored
        FROM price_days AS d
        JOIN price_files AS f ON f.file = d.file
        LEFT JOIN stored_days AS h ON h.id = d.id AND h."timestamp" = d."timestamp"
        CROSS JOIN LATERAL (
            SELECT h.id IS NOT NULL AND f.one_price
                AND (h.open <> h.close OR h.high <> h.close OR h.low <> h.close) AS keeps
        ) AS k
    ) AS n
    WHERE n.is_new OR n.stored IS DISTINCT FROM ROW(
        n.name, n.timeopen, n.timeclose, n.timehigh, n.timelow, n.open, n.high, n.low, n.close, n.volume,
        n.marketcap, n.local_day);
END;
$$;
