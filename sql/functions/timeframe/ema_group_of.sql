-- ema_group_of: where the EMAs of a variant keep those of one timeframe.
--   p_variant   a variant's name
--   p_tf        one of its timeframes
-- Returns   a group of EMAs, NULL for a timeframe that isn't of the variant.
-- Errors    none.   Cost  constant.
-- Rule      as taxonomy() says; months and years are kept once for both calendars.
CREATE OR REPLACE FUNCTION ema_group_of(p_variant text, p_tf text)
RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (SELECT x.ema_group FROM taxonomy() AS x WHERE x.variant = p_variant AND p_tf ~ x.tf_pattern);
