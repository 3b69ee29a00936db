-- What changed in what a stage put out. Versions count the marks of an asset; each reader's rows say up to
-- which of them it has read.
CREATE TABLE marks (
    id int NOT NULL,
    version int NOT NULL,
    -- 1d: the validated days; else a group of bars.
    output text NOT NULL,
    -- From which moment on something changed, NULL: nothing. Rows came, went or stand elsewhere:
    rows_from timestamptz,
    -- values of rows that stayed, highs and lows with the time of their trade:
    open_from timestamptz,
    high_from timestamptz,
    low_from timestamptz,
    close_from timestamptz,
    volume_from timestamptz,
    market_cap_from timestamptz,
    -- bars closed or opened again.
    closing_from timestamptz,
    PRIMARY KEY (id, version, output)
);
CREATE TYPE mark AS (
    version int, output text, rows_from timestamptz, open_from timestamptz, high_from timestamptz,
    low_from timestamptz, close_from timestamptz, volume_from timestamptz, market_cap_from timestamptz,
    closing_from timestamptz);
ALTER TYPE bars_standing ADD ATTRIBUTE marks_read int;
ALTER TYPE emas_standing ADD ATTRIBUTE marks_read int, ADD ATTRIBUTE bar_group text;

ALTER TABLE bars_state ADD COLUMN marks_read int NOT NULL DEFAULT 0;
ALTER TABLE bars_pending ADD COLUMN marks_read int NOT NULL DEFAULT 0;
ALTER TABLE emas_state ADD COLUMN marks_read int NOT NULL DEFAULT 0;
ALTER TABLE emas_pending ADD COLUMN marks_read int NOT NULL DEFAULT 0;
-- As the states, so that the first day after those is found by its number.
ALTER TABLE bars_pending ADD COLUMN n_rows int NOT NULL DEFAULT 0;
ALTER TABLE emas_pending ADD COLUMN n_rows int NOT NULL DEFAULT 0;
UPDATE bars_pending AS p SET n_rows = (
    SELECT count(*) FROM cmc_price_bars_1d AS d WHERE d.id = p.id AND d."timestamp" <= p.last_ts);
UPDATE emas_pending AS p SET n_rows = (
    SELECT count(*) FROM cmc_price_bars_1d AS d WHERE d.id = p.id AND d."timestamp" <= p.last_ts);
-- The bars that the vectors are made of.
ALTER TABLE emas_state ADD COLUMN bar_group text;
UPDATE emas_state SET bar_group = CASE WHEN ema_group = 'multi_tf_v2' THEN 'multi_tf' ELSE ema_group END;
ALTER TABLE emas_state ALTER bar_group SET NOT NULL;

-- What waited until now is one mark of the days for each asset, which those have read that nothing waited
-- for. New days need none.
INSERT INTO marks (id, version, output, rows_from)
SELECT w.id, 1, '1d', min(w.since)
FROM (
    SELECT s.id, s.dirty_from AS since FROM bars_state AS s WHERE s.dirty_from <= s.last_ts
    UNION ALL
    SELECT p.id, p.dirty_from FROM bars_pending AS p WHERE p.dirty_from <= p.last_ts
    UNION ALL
    SELECT s.id, least(s.dirty_from, s.hidden_from) FROM emas_state AS s
    WHERE least(s.dirty_from, s.hidden_from) <= s.last_ts
    UNION ALL
    SELECT p.id, least(p.dirty_from, p.hidden_from) FROM emas_pending AS p
    WHERE least(p.dirty_from, p.hidden_from) <= p.last_ts
) AS w
GROUP BY w.id;
UPDATE bars_state SET marks_read = 1 WHERE dirty_from IS NULL OR dirty_from > last_ts;
UPDATE bars_pending SET marks_read = 1 WHERE dirty_from > last_ts;
UPDATE emas_state SET marks_read = 1
WHERE coalesce(least(dirty_from, hidden_from), 'infinity') > last_ts;
UPDATE emas_pending SET marks_read = 1 WHERE least(dirty_from, hidden_from) > last_ts;

ALTER TABLE bars_state DROP COLUMN dirty_from;
ALTER TABLE bars_pending DROP COLUMN dirty_from;
ALTER TABLE emas_state DROP COLUMN dirty_from, DROP COLUMN hidden_from;
ALTER TABLE emas_pending DROP COLUMN dirty_from, DROP COLUMN hidden_from;
