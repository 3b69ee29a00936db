-- What is stored and refreshed together is a group of bars or of EMAs, not a family or a variant.
ALTER TABLE bars_state RENAME COLUMN family TO bar_group;
ALTER TABLE bars_pending RENAME COLUMN family TO bar_group;
ALTER TABLE emas_state RENAME COLUMN variant TO ema_group;
ALTER TABLE emas_pending RENAME COLUMN variant TO ema_group;

-- Every asset that there is, with the zone that its bars were built with where it has none of its own.
INSERT INTO assets AS a (id, tz)
SELECT k.id, nullif(min(k.tz), 'America/New_York')
FROM (
    SELECT h.id, NULL AS tz FROM cmc_price_histories7 AS h
    UNION ALL SELECT d.id, NULL FROM cmc_price_bars_1d AS d
    UNION ALL SELECT d.id, NULL FROM cmc_price_bars_1d_state AS d
    UNION ALL SELECT s.id, s.tz FROM bars_state AS s
    UNION ALL SELECT e.id, e.tz FROM emas_state AS e
) AS k
GROUP BY k.id
ON CONFLICT (id) DO UPDATE SET tz = coalesce(a.tz, excluded.tz);

-- The zone that the days of an asset stand in; that of bars and EMAs is the same.
ALTER TABLE cmc_price_bars_1d_state ADD COLUMN tz text NOT NULL DEFAULT 'America/New_York';
ALTER TABLE cmc_price_bars_1d_state ALTER COLUMN tz DROP DEFAULT;
UPDATE cmc_price_bars_1d_state AS d SET tz = b.tz
FROM (SELECT s.id, min(s.tz) AS tz FROM bars_state AS s GROUP BY s.id) AS b
WHERE b.id = d.id AND b.tz <> d.tz;

-- The day of each row: as its source names it, else the date of the stamp in that zone.
ALTER TABLE cmc_price_bars_1d ADD COLUMN day date;
UPDATE cmc_price_bars_1d AS d
SET day = coalesce(d.local_day, (d."timestamp" AT TIME ZONE s.tz)::date)
FROM cmc_price_bars_1d_state AS s WHERE s.id = d.id;
UPDATE cmc_price_bars_1d
SET day = coalesce(local_day, ("timestamp" AT TIME ZONE 'America/New_York')::date) WHERE day IS NULL;
ALTER TABLE cmc_price_bars_1d ALTER COLUMN day SET NOT NULL;

-- The first day that bars and EMAs were built from: windows follow from it. NULL: of EMAs that count rows.
ALTER TABLE bars_state ADD COLUMN first_day date;
UPDATE bars_state SET first_day = (first_ts AT TIME ZONE tz)::date;
ALTER TABLE bars_state ALTER COLUMN first_day SET NOT NULL;
ALTER TABLE emas_state ADD COLUMN first_day date;
UPDATE emas_state SET first_day = (first_ts AT TIME ZONE tz)::date;

-- A row of every audit.
CREATE TYPE finding AS (
    "check" text, severity text, id int, tf text, period int, ts timestamptz, detail jsonb);
