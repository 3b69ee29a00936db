-- Statistics for the planner, after assets were built from nothing.
ANALYZE cmc_price_bars_1d, bars, bars_state, emas, emas_at_blocks, emas_state
