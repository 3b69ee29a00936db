-- write_days: bring changed_days into the raw table and take deleted_days out of it.
--   p_is_first   nothing is stored of these assets: price_days is what changes, and isn't copied
-- Returns   nothing.
-- Errors    none.   Cost  the rows that are written.
-- Rule      a day that somebody else has just made the same stays as it is.
CREATE OR REPLACE FUNCTION write_days(p_is_first boolean)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $$
DECLARE
    v_ids int[];
    v_stamps timestamptz[];
BEGIN
    SELECT array_agg(g.id), array_agg(g."timestamp") INTO v_ids, v_stamps FROM deleted_days AS g;
    IF v_ids IS NOT NULL THEN
        DELETE FROM cmc_price_histories7 AS h
        USING unnest(v_ids, v_stamps) AS g (id, stamp)
        WHERE h.id = g.id AND h."timestamp" = g.stamp;
    END IF;
    IF p_is_first THEN
        INSERT INTO cmc_price_histories7 AS h (
            id, name, timeopen, timeclose, timehigh, timelow, "timestamp",
            open, high, low, close, volume, marketcap, source_file, load_ts, local_day)
        SELECT
            d.id, d.name, d.timeopen, d.timeclose, d.timehigh, d.timelow, d."timestamp",
            d.open, d.high, d.low, d.close, d.volume, d.marketcap, f.source_file, now(), d.local_day
        FROM price_days AS d JOIN price_files AS f ON f.file = d.file;
        SELECT array_agg(r.id), array_agg(r.first) INTO v_ids, v_stamps FROM read_lines AS r;
        PERFORM note_changes(v_ids, v_stamps);
        RETURN;
    END IF;
    INSERT INTO cmc_price_histories7 AS h (
        id, name, timeopen, timeclose, timehigh, timelow, "timestamp",
        open, high, low, close, volume, marketcap, source_file, load_ts, local_day)
    SELECT
        c.id, c.name, c.timeopen, c.timeclose, c.timehigh, c.timelow, c."timestamp",
        c.open, c.high, c.low, c.close, c.volume, c.marketcap, c.source_file, c.load_ts, c.local_day
    FROM changed_days AS c
    ORDER BY c.id, c."timestamp"
    ON CONFLICT (id, "timestamp") DO UPDATE SET
        name = excluded.name, timeopen = excluded.timeopen, timeclose = excluded.timeclose,
        timehigh = excluded.timehigh, timelow = excluded.timelow,
        open = excluded.open, high = excluded.high, low = excluded.low, close = excluded.close,
        volume = excluded.volume, marketcap = excluded.marketcap,
        source_file = excluded.source_file, load_ts = excluded.load_ts, local_day = excluded.local_day
    WHERE (h.name, h.timeopen, h.timeclose, h.timehigh, h.timelow,
            h.open, h.high, h.low, h.close, h.volume, h.marketcap, h.local_day)
        IS DISTINCT FROM (excluded.name, excluded.timeopen, excluded.timeclose, excluded.timehigh,
            excluded.timelow, excluded.open, excluded.high, excluded.low, excluded.close, excluded.volume,
            excluded.marketcap, excluded.local_day);
    SELECT array_agg(w.id), array_agg(w.stamp) INTO v_ids, v_stamps
    FROM (
        SELECT t.id, min(t."timestamp") AS stamp
        FROM (
            SELECT c.id, c."timestamp" FROM changed_days AS c
            UNION ALL SELECT g.id, g."timestamp" FROM deleted_days AS g
        ) AS t
        GROUP BY t.id
    ) AS w;
    PERFORM note_changes(v_ids, v_stamps);
END;
$$;
