-- trades_on_weekends: whether an asset without calendar trades every day.
--   p_weekend_rows   its rows on Saturdays and Sundays
--   p_rows           all of its rows
-- Returns   true when weekends are more than single exceptions.
-- Errors    none.   Cost  constant; inlined.
-- Rule      exchanges open on a Saturday now and then: up to 2 % of the rows are no habit.
CREATE OR REPLACE FUNCTION trades_on_weekends(p_weekend_rows bigint, p_rows bigint)
RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN p_weekend_rows * 50 > p_rows;
