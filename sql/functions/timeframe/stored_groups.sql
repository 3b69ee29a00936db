-- stored_groups: what is stored and refreshed together: a row of taxonomy() for each group of EMAs.
-- Returns   ordinal: order of building; variant, family, bar_group, ema_group as in taxonomy(), of the first
--           variant that reads the group; has_1d: 1D is one of its timeframes; in_bar_space, in_day_space:
--           which vectors of emas it keeps.
-- Errors    none.   Cost  constant; inlined.
-- Rule      a group that two variants share is one group.
CREATE OR REPLACE FUNCTION stored_groups()
RETURNS TABLE (
    ordinal int, variant text, family text, bar_group text, ema_group text, has_1d boolean,
    in_bar_space boolean, in_day_space boolean)
LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 8
BEGIN ATOMIC
SELECT
    x.ordinal, x.variant, x.family, x.bar_group, x.ema_group, '1D' ~ x.tf_pattern, x.in_bar_space,
    x.in_day_space
FROM taxonomy() AS x
WHERE NOT EXISTS (
    SELECT 1 FROM taxonomy() AS y WHERE y.ema_group = x.ema_group AND y.ordinal < x.ordinal);
END;
