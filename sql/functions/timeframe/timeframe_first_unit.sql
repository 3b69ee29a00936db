-- timeframe_first_unit: the first unit of bar 1.
--   p_tf      name of a timeframe
--   p_first   the asset's first day
-- Returns   full periods: the first unit that starts on or after p_first; anchored: the block of n units that
--           holds it; 1 for rows. NULL when p_first is NULL.
-- Errors    none for names in the catalogue.   Cost  constant; inlined.
-- Rule      the unit of the day before p_first is over when p_first begins, or holds it; either way the next
--           one is meant.
CREATE OR REPLACE FUNCTION timeframe_first_unit(p_tf text, p_first date)
RETURNS int
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN p_tf LIKE '%D' THEN 1
    WHEN p_tf LIKE '%ANCHOR%' THEN calendar_unit(timeframe_kind(p_tf), p_first) - (
        calendar_unit(timeframe_kind(p_tf), p_first) % timeframe_qty(p_tf) + timeframe_qty(p_tf)
    ) % timeframe_qty(p_tf)
    ELSE calendar_unit(timeframe_kind(p_tf), p_first - 1) + 1
END;
