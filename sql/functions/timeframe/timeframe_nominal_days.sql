-- timeframe_nominal_days: nominal length, whatever the real width of a window.
--   p_tf   name of a timeframe
-- Returns   n, 7n, 30n or 365n; 0 for a name that breaks the grammar; more than 100000 for any longer
--           timeframe.
-- Errors    none.   Cost  constant; inlined.
-- Rule      one meaning of tf_days everywhere: the name alone gives it.
CREATE OR REPLACE FUNCTION timeframe_nominal_days(p_tf text)
RETURNS int
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN timeframe_qty(p_tf) * CASE
    WHEN p_tf !~ '^[0-9]+(D|W_CAL(_ANCHOR)?_(US|ISO)|[MY]_CAL(_ANCHOR)?)$' THEN 0
    ELSE CASE substring(p_tf FROM '[DWMY]') WHEN 'D' THEN 1 WHEN 'W' THEN 7 WHEN 'M' THEN 30 ELSE 365 END
END;
