-- Statistics for the planner, after assets were built from nothing.
ANALYZE cmc_price_bars_1d, day_blocks, bars, bars_state, bar_blocks, emas, emas_at_blocks, emas_state
