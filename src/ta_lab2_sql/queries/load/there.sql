-- The stored days of the assets being loaded, in the range being loaded. A table of its own: local rows and
-- rows that lie elsewhere meet in no other statement.
CREATE TEMP TABLE load_there (LIKE cmc_price_histories7) ON COMMIT DROP
