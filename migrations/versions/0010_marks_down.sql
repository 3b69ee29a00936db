ALTER TABLE bars_state ADD COLUMN dirty_from timestamptz;
ALTER TABLE bars_pending ADD COLUMN dirty_from timestamptz;
ALTER TABLE emas_state ADD COLUMN dirty_from timestamptz, ADD COLUMN hidden_from timestamptz;
ALTER TABLE emas_pending ADD COLUMN dirty_from timestamptz, ADD COLUMN hidden_from timestamptz;

-- From the earliest mark that wasn't read, or from the first day after those built from.
UPDATE bars_state AS s SET dirty_from = least(
    (
        SELECT min(least(
            m.rows_from, m.open_from, m.high_from, m.low_from, m.close_from, m.volume_from,
            m.market_cap_from))
        FROM marks AS m WHERE m.id = s.id AND m.output = '1d' AND m.version > s.marks_read
    ),
    (SELECT min(d."timestamp") FROM cmc_price_bars_1d AS d WHERE d.id = s.id AND d."timestamp" > s.last_ts));
UPDATE bars_pending AS s SET dirty_from = least(
    (
        SELECT min(least(
            m.rows_from, m.open_from, m.high_from, m.low_from, m.close_from, m.volume_from,
            m.market_cap_from))
        FROM marks AS m WHERE m.id = s.id AND m.output = '1d' AND m.version > s.marks_read
    ),
    (SELECT min(d."timestamp") FROM cmc_price_bars_1d AS d WHERE d.id = s.id AND d."timestamp" > s.last_ts));
UPDATE emas_state AS s SET hidden_from = least(
    (
        SELECT min(least(m.rows_from, m.close_from, m.closing_from))
        FROM marks AS m
        WHERE
            m.id = s.id AND m.version > s.marks_read
            AND m.output IN ('1d', CASE WHEN s.ema_group = 'multi_tf_v2' THEN 'multi_tf' ELSE s.ema_group END)
    ),
    (SELECT min(d."timestamp") FROM cmc_price_bars_1d AS d WHERE d.id = s.id AND d."timestamp" > s.last_ts));
UPDATE emas_state SET dirty_from = hidden_from;
UPDATE emas_pending AS s SET hidden_from = least(
    (
        SELECT min(least(m.rows_from, m.close_from, m.closing_from))
        FROM marks AS m
        WHERE
            m.id = s.id AND m.version > s.marks_read
            AND m.output IN ('1d', CASE WHEN s.ema_group = 'multi_tf_v2' THEN 'multi_tf' ELSE s.ema_group END)
    ),
    (SELECT min(d."timestamp") FROM cmc_price_bars_1d AS d WHERE d.id = s.id AND d."timestamp" > s.last_ts));
UPDATE bars_pending SET dirty_from = last_ts WHERE dirty_from IS NULL;
UPDATE emas_pending SET dirty_from = coalesce(hidden_from, '-infinity');
UPDATE emas_pending SET hidden_from = coalesce(hidden_from, 'infinity');
ALTER TABLE bars_pending ALTER dirty_from SET NOT NULL;
ALTER TABLE emas_pending ALTER dirty_from SET NOT NULL, ALTER hidden_from SET NOT NULL;

ALTER TABLE emas_pending DROP COLUMN n_rows, DROP COLUMN marks_read;
ALTER TABLE emas_state DROP COLUMN bar_group, DROP COLUMN marks_read;
ALTER TABLE bars_pending DROP COLUMN n_rows, DROP COLUMN marks_read;
ALTER TABLE bars_state DROP COLUMN marks_read;
ALTER TYPE emas_standing DROP ATTRIBUTE bar_group, DROP ATTRIBUTE marks_read;
ALTER TYPE bars_standing DROP ATTRIBUTE marks_read;
DROP TYPE mark;
DROP TABLE marks;
