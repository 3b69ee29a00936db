-- The earliest bad day that a refresh was told not to write to the rejects. NULL: none, or not known of an
-- asset that the first release refreshed.
ALTER TABLE cmc_price_bars_1d_state ADD COLUMN rejects_left_out_from timestamptz;
