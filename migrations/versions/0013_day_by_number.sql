-- A day found by its number tells its time and its date from the index of numbers. Else the planner reads
-- them, for an asset with a long history among young ones, by a walk through all the asset's entries of the
-- index of blocks, which holds them, and of which it expects few.
DO $$
BEGIN
    -- In a block, since a cluster sends a constraint to its nodes with the text that it stands in.
    ALTER TABLE cmc_price_bars_1d DROP CONSTRAINT cmc_price_bars_1d_bar_seq;
    ALTER TABLE cmc_price_bars_1d ADD CONSTRAINT cmc_price_bars_1d_bar_seq
        UNIQUE (id, bar_seq) INCLUDE ("timestamp", day) DEFERRABLE INITIALLY IMMEDIATE;
END;
$$;
