DROP TABLE accepted_findings;
DROP TABLE price_sources;
ALTER TABLE cmc_price_bars_1d_rejects DROP COLUMN local_day;
ALTER TABLE cmc_price_bars_1d DROP COLUMN local_day;
ALTER TABLE cmc_price_histories7 DROP COLUMN local_day;
DROP TABLE assets;
