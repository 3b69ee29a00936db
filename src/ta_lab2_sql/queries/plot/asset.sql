-- What a chart of an asset says about it: its name (a source that numbers assets gives none), the calendar
-- that its bars were built with, the families of the timeframes asked for, and where to begin: at the first
-- of the newest bars of the shortest timeframe.
SELECT
    CASE
        WHEN EXISTS (SELECT 1 FROM bars_state AS s WHERE s.id = %(id)s)
            THEN (SELECT min(s.calendar) FROM bars_state AS s WHERE s.id = %(id)s)
        ELSE (SELECT a.calendar FROM assets AS a WHERE a.id = %(id)s)
    END AS calendar,
    (SELECT a.symbol FROM assets AS a WHERE a.id = %(id)s) AS symbol,
    coalesce(
        (SELECT a.name FROM assets AS a WHERE a.id = %(id)s),
        (SELECT nullif(regexp_replace(h.name, '^[0-9]+$', ''), '') FROM cmc_price_histories7 AS h
         WHERE h.id = %(id)s ORDER BY h."timestamp" DESC LIMIT 1)) AS name,
    (SELECT array_agg(t.family ORDER BY w.n) FROM unnest(%(tfs)s::text[]) WITH ORDINALITY AS w (tf, n)
     JOIN dim_timeframe AS t USING (tf)) AS families,
    coalesce(
        (SELECT min(newest.time_open) FROM (
            SELECT b.time_open
            FROM bars AS b
            WHERE b.id = %(id)s AND b.time_close < coalesce(%(end)s::timestamptz, 'infinity') AND b.tf = (
                SELECT t.tf FROM dim_timeframe AS t
                WHERE t.tf = ANY (%(tfs)s::text[]) ORDER BY t.tf_days_nominal LIMIT 1)
            ORDER BY b.bar_seq DESC LIMIT %(bars)s) AS newest),
        (SELECT min(newest.time_open) FROM (
            SELECT d.time_open
            FROM cmc_price_bars_1d AS d
            WHERE d.id = %(id)s AND d."timestamp" < coalesce(%(end)s::timestamptz, 'infinity')
            ORDER BY d.bar_seq DESC LIMIT %(bars)s) AS newest)) AS start
