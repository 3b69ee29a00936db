-- day_on: the day of a year, a month and a day of the month.
--   p_year, p_month, p_day   digits; a year of two digits is one of 1970 to 2069
-- Returns   the date; NULL when there is no such day.
-- Errors    none.   Cost  a microsecond.   Rule  70 to 99 are years of the last century, 00 to 69 of this
--           one.
CREATE OR REPLACE FUNCTION day_on(p_year text, p_month int, p_day int)
RETURNS date
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path FROM CURRENT
AS $$
DECLARE
    v_year int := p_year::int;
BEGIN
    IF length(p_year) <= 2 THEN
        v_year := v_year + CASE WHEN v_year >= 70 THEN 1900 ELSE 2000 END;
    END IF;
    IF p_month NOT BETWEEN 1 AND 12 OR p_day NOT BETWEEN 1 AND 31 OR v_year NOT BETWEEN 1 AND 9999
        OR p_day > extract(DAY FROM make_date(v_year, p_month, 1) + interval '1 month - 1 day')
    THEN
        RETURN NULL;
    END IF;
    RETURN make_date(v_year, p_month, p_day);
END;
$$;
