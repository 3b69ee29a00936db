-- compare_days: find out which days of price_days differ from the stored ones, into changed_days.
--   p_stored   where the stored days are read: the raw table, or stored_days where they were fetched to
-- Returns   nothing.
-- Errors    none.   Cost  one join of price_days with the stored days.
-- Rule      the file wins in the roles that it has; what it has no column for keeps the stored value. A file
--           of one price leaves open, high and low of a full row as they are.
CREATE OR REPLACE FUNCTION compare_days(p_stored regclass)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $$
BEGIN
    EXECUTE format($q$
        INSERT INTO changed_days (
            id, name, timeopen, timeclose, timehigh, timelow, "timestamp",
            open, high, low, close, volume, marketcap, source_file, load_ts, local_day, is_new)
        SELECT
            n.id, n.name, n.timeopen, n.timeclose, n.timehigh, n.timelow, n."timestamp",
            n.open, n.high, n.low, n.close, n.volume, n.marketcap, n.source_file, now(), n.local_day,
            n.stored_id IS NULL
        FROM (
            SELECT
                d.id, d."timestamp", d.timeopen, d.timeclose, d.close, f.source_file, h.id AS stored_id,
                CASE WHEN h.id IS NULL OR f.has_name THEN d.name ELSE h.name END AS name,
                CASE WHEN h.id IS NULL OR f.has_timehigh THEN d.timehigh ELSE h.timehigh END AS timehigh,
                CASE WHEN h.id IS NULL OR f.has_timelow THEN d.timelow ELSE h.timelow END AS timelow,
                CASE WHEN k.keeps THEN h.open ELSE d.open END AS open,
                CASE WHEN k.keeps THEN h.high ELSE d.high END AS high,
                CASE WHEN k.keeps THEN h.low ELSE d.low END AS low,
                CASE WHEN h.id IS NULL OR f.has_volume THEN d.volume ELSE h.volume END AS volume,
                CASE WHEN h.id IS NULL OR f.has_marketcap THEN d.marketcap ELSE h.marketcap END AS marketcap,
                CASE WHEN h.id IS NULL OR f.names_days THEN d.local_day ELSE h.local_day END AS local_day,
                h.name AS stored_name, h.timeopen AS stored_timeopen, h.timeclose AS stored_timeclose,
                h.timehigh AS stored_timehigh, h.timelow AS stored_timelow, h.open AS stored_open,
                h.high AS stored_high, h.low AS stored_low, h.close AS stored_close,
                h.volume AS stored_volume, h.marketcap AS stored_marketcap, h.local_day AS stored_local_day
            FROM price_days AS d
            JOIN (
                SELECT
                    p.file, p.source_file, p.one_price, p.stamp <> 'close' AS names_days,
                    'name' = ANY (p.roles) AS has_name, 'timehigh' = ANY (p.roles) AS has_timehigh,
                    'timelow' = ANY (p.roles) AS has_timelow, 'volume' = ANY (p.roles) AS has_volume,
                    'marketcap' = ANY (p.roles) AS has_marketcap
                FROM price_files AS p OFFSET 0
            ) AS f ON f.file = d.file
            LEFT JOIN %s AS h ON h.id = d.id AND h."timestamp" = d."timestamp"
            CROSS JOIN LATERAL (
                SELECT h.id IS NOT NULL AND f.one_price
                    AND (h.open <> h.close OR h.high <> h.close OR h.low <> h.close) AS keeps
            ) AS k
        ) AS n
        WHERE n.stored_id IS NULL
            OR n.close IS DISTINCT FROM n.stored_close OR n.open IS DISTINCT FROM n.stored_open
            OR n.high IS DISTINCT FROM n.stored_high OR n.low IS DISTINCT FROM n.stored_low
            OR n.volume IS DISTINCT FROM n.stored_volume OR n.marketcap IS DISTINCT FROM n.stored_marketcap
            OR n.local_day IS DISTINCT FROM n.stored_local_day OR n.name IS DISTINCT FROM n.stored_name
            OR n.timeopen IS DISTINCT FROM n.stored_timeopen
            OR n.timeclose IS DISTINCT FROM n.stored_timeclose
            OR n.timehigh IS DISTINCT FROM n.stored_timehigh
            OR n.timelow IS DISTINCT FROM n.stored_timelow$q$, p_stored);
END;
$$;
