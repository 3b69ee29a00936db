-- Take the tables of one load away: another one may follow in the same transaction.
DROP TABLE price_cells, price_rows, price_signs, price_texts, price_moments, price_assets, price_faults
