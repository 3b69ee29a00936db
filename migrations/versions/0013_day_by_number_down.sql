DO $$
BEGIN
    ALTER TABLE cmc_price_bars_1d DROP CONSTRAINT cmc_price_bars_1d_bar_seq;
    ALTER TABLE cmc_price_bars_1d ADD CONSTRAINT cmc_price_bars_1d_bar_seq
        UNIQUE (id, bar_seq) DEFERRABLE INITIALLY IMMEDIATE;
END;
$$;
