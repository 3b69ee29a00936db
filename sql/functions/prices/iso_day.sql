-- iso_day: the day that a text names as year-month-day, 2024-01-31.
--   p_text   what stands in the file
-- Returns   the date; NULL for all other texts and for days that there aren't.
-- Errors    none.   Cost  a microsecond.   Rule  one expression, so that a statement takes it in.
CREATE OR REPLACE FUNCTION iso_day(p_text text)
RETURNS date
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN p_text !~ '^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$' OR left(p_text, 4) = '0000' THEN NULL
    WHEN extract(MONTH FROM make_date(left(p_text, 4)::int, substr(p_text, 6, 2)::int, 1)
            + right(p_text, 2)::int - 1)::int = substr(p_text, 6, 2)::int
        THEN make_date(left(p_text, 4)::int, substr(p_text, 6, 2)::int, 1) + right(p_text, 2)::int - 1
END;
