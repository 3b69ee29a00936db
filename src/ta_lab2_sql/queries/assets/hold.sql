-- Keep refreshes away from one asset until the transaction ends.
SELECT s.id FROM cmc_price_bars_1d_state AS s WHERE s.id = %(id)s FOR UPDATE
