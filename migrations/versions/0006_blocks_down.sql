DROP INDEX cmc_price_bars_1d_block;
DROP TABLE bar_blocks;
DROP TABLE day_blocks;
