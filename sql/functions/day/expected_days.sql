-- expected_days: the number of days on which a row is expected.
--   p_from, p_to   first and last day, both counted
-- Returns   the number; 0 where p_to is the day before p_from.
-- Errors    none.   Cost  constant; inlined.
-- Rule      missing are the days expected without a row: this number less the rows. Every day is expected.
CREATE OR REPLACE FUNCTION expected_days(p_from date, p_to date)
RETURNS int
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN p_to - p_from + 1;
