-- first_missing_from: the first day without a row from a day on.
--   p_missing   the sessions without a row of the asset, sorted; NULL: every day is expected
--   p_day       a day that has no row where every day is expected
-- Returns   the day.   Errors  none.   Cost  constant; inlined.
-- Rule      the list knows the sessions; without it p_day is the day.
CREATE OR REPLACE FUNCTION first_missing_from(p_missing date[], p_day date)
RETURNS date
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN p_missing IS NULL THEN p_day ELSE p_missing[width_bucket(p_day - 1, p_missing) + 1] END;
