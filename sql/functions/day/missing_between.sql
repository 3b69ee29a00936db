-- missing_between: the number of days without a row in a part of a bar.
--   p_missing         the sessions without a row of the asset, sorted; NULL: every day is expected
--   p_first, p_last   the part, both days counted; p_last may be the day before p_first
--   p_rows            the rows in it
-- Returns   the number of expected days without a row.
-- Errors    none.   Cost  constant; inlined.
-- Rule      days less rows, or the sessions of the list. A row on no session is neither missing nor counted.
CREATE OR REPLACE FUNCTION missing_between(p_missing date[], p_first date, p_last date, p_rows int)
RETURNS int
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN p_missing IS NULL THEN p_last - p_first + 1 - p_rows
    ELSE width_bucket(p_last, p_missing) - width_bucket(p_first - 1, p_missing)
END;
