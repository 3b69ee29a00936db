-- fetch_stored_days: bring stored days of the assets in price_days into stored_days.
--   p_all   all of them; else those that price_days hasn't, and those that changed_days differ from
-- Returns   nothing.
-- Errors    none.
-- Cost      the stored days between the first and the last day of all, two days around; where price_days has
--           all of them, they are counted only.
-- Rule      day is the local day in the asset's zone. A table of its own: local rows and rows that lie
--           elsewhere meet in no other statement; there all are fetched.
CREATE OR REPLACE FUNCTION fetch_stored_days(p_all boolean)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $$
DECLARE
    v_ids int[];
    v_zones text[];
    v_from timestamptz;
    v_to timestamptz;
    v_lines bigint;
    v_has_all boolean := false;
BEGIN
    SELECT min(n.first) - interval '2 days', max(n.last) + interval '2 days', array_agg(n.id), sum(n.lines)
    INTO v_from, v_to, v_ids, v_lines
    FROM (
        SELECT d.id, min(d."timestamp") AS first, max(d."timestamp") AS last, count(*) AS lines
        FROM price_days AS d GROUP BY d.id
    ) AS n;
    SELECT array_agg(i.id), array_agg(coalesce(a.tz, default_tz())) INTO v_ids, v_zones
    FROM unnest(v_ids) AS i (id) LEFT JOIN assets AS a ON a.id = i.id;
    IF NOT p_all THEN
        v_has_all := v_lines - (SELECT count(*) FROM changed_days AS c WHERE c.is_new) = (
            SELECT count(*) FROM cmc_price_histories7 AS h
            WHERE h.id = ANY (v_ids) AND h."timestamp" BETWEEN v_from AND v_to);
    END IF;
    EXECUTE 'INSERT INTO stored_days (
            id, name, timeopen, timeclose, timehigh, timelow, "timestamp",
            open, high, low, close, volume, marketcap, source_file, load_ts, local_day, day)
        SELECT
            h.id, h.name, h.timeopen, h.timeclose, h.timehigh, h.timelow, h."timestamp",
            h.open, h.high, h.low, h.close, h.volume, h.marketcap, h.source_file, h.load_ts, h.local_day,
            local_day_of(h.local_day, h."timestamp", z.tz)
        FROM cmc_price_histories7 AS h
        JOIN unnest($1, $2) AS z (id, tz) ON z.id = h.id '
        || CASE WHEN p_all THEN 'WHERE'
            WHEN v_has_all THEN
                'JOIN changed_days AS c ON c.id = h.id AND c."timestamp" = h."timestamp" WHERE'
            ELSE
                'LEFT JOIN price_days AS d ON d.id = h.id AND d."timestamp" = h."timestamp"
                LEFT JOIN changed_days AS c ON c.id = h.id AND c."timestamp" = h."timestamp"
                WHERE (d.id IS NULL OR c.id IS NOT NULL) AND'
        END
        || ' h."timestamp" BETWEEN $3 AND $4'
    USING v_ids, v_zones, v_from, v_to;
END;
$$;
