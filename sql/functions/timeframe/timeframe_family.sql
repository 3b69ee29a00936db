-- timeframe_family: the families that read a timeframe.
--   p_tf   name of a timeframe
-- Returns   names with | between them; the empty text for a name that breaks the grammar.
-- Errors    none.   Cost  constant.
-- Rule      weeks name their scheme; months and years are the same in the us and the iso family.
CREATE OR REPLACE FUNCTION timeframe_family(p_tf text)
RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (
    SELECT coalesce(string_agg(x.family, '|' ORDER BY x.ordinal), '')
    FROM taxonomy() AS x WHERE x.variant = x.family AND p_tf ~ x.tf_pattern
);
