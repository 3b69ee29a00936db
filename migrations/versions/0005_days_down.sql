DROP TYPE finding;
ALTER TABLE emas_state DROP COLUMN first_day;
ALTER TABLE bars_state DROP COLUMN first_day;
ALTER TABLE cmc_price_bars_1d DROP COLUMN day;
ALTER TABLE cmc_price_bars_1d_state DROP COLUMN tz;
ALTER TABLE emas_pending RENAME COLUMN ema_group TO variant;
ALTER TABLE emas_state RENAME COLUMN ema_group TO variant;
ALTER TABLE bars_pending RENAME COLUMN bar_group TO family;
ALTER TABLE bars_state RENAME COLUMN bar_group TO family;
