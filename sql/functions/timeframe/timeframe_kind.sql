-- timeframe_kind: the unit that a timeframe counts: D rows, U weeks from Sunday, I weeks from Monday, M
--   months, Y years.
--   p_tf   name of a timeframe
-- Returns   one letter.   Errors  none.   Cost  constant; inlined.
-- Rule      a name says everything its windows depend on.
CREATE OR REPLACE FUNCTION timeframe_kind(p_tf text)
RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN p_tf LIKE '%D' THEN 'D'
    WHEN p_tf LIKE '%\_US' THEN 'U'
    WHEN p_tf LIKE '%\_ISO' THEN 'I'
    WHEN p_tf LIKE '%M\_CAL%' THEN 'M'
    ELSE 'Y'
END;
