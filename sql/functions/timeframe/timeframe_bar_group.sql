-- timeframe_bar_group: the group that a timeframe's bars are stored and refreshed in.
--   p_tf   name of a timeframe
-- Returns   the family, or cal / cal_anchor for months and years; the empty text for a name that breaks the
--           grammar.
-- Errors    none.   Cost  constant.
-- Rule      months and years don't depend on the week's start, so they are stored once.
CREATE OR REPLACE FUNCTION timeframe_bar_group(p_tf text)
RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (SELECT coalesce(min(x.bar_group), '') FROM taxonomy() AS x WHERE p_tf ~ x.tf_pattern);
