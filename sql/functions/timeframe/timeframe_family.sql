-- timeframe_family: the families that read a timeframe.
--   p_tf   name of a timeframe
-- Returns   names with | between them; the empty text for a name that breaks the grammar.
-- Errors    none.   Cost  constant; inlined.
-- Rule      weeks name their scheme; months and years are the same in the us and the iso family.
CREATE OR REPLACE FUNCTION timeframe_family(p_tf text)
RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN p_tf ~ '^[0-9]+D$' THEN 'multi_tf'
    WHEN p_tf ~ '^[0-9]+W_CAL_US$' THEN 'cal_us'
    WHEN p_tf ~ '^[0-9]+W_CAL_ISO$' THEN 'cal_iso'
    WHEN p_tf ~ '^[0-9]+[MY]_CAL$' THEN 'cal_us|cal_iso'
    WHEN p_tf ~ '^[0-9]+W_CAL_ANCHOR_US$' THEN 'cal_anchor_us'
    WHEN p_tf ~ '^[0-9]+W_CAL_ANCHOR_ISO$' THEN 'cal_anchor_iso'
    WHEN p_tf ~ '^[0-9]+[MY]_CAL_ANCHOR$' THEN 'cal_anchor_us|cal_anchor_iso'
    ELSE ''
END;
