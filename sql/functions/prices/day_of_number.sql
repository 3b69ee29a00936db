-- day_of_number: the day that a number names.
--   p_number   20240131, or a count of seconds, milliseconds, microseconds or nanoseconds since 1970
-- Returns   the date; NULL when it names none.
-- Errors    none.   Cost  microseconds.
-- Rule      a number of eight digits from 19000101 to 21991231 is a day or nothing, never a count of 1970;
--           one that ends with a year is nothing.
CREATE OR REPLACE FUNCTION day_of_number(p_number numeric)
RETURNS date
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    -- Without BETWEEN, whose brackets a dump doesn't keep.
    WHEN
        p_number >= 1011900 AND p_number <= 31122199 AND p_number % 10000 >= 1900 AND p_number % 10000 <= 2199
        THEN NULL
    WHEN p_number < 19000101 OR p_number >= 21991232 THEN day_of_epoch(p_number)
    WHEN p_number = trunc(p_number)
        THEN day_on(
            left(trunc(p_number)::text, 4),
            substr(trunc(p_number)::text, 5, 2)::int,
            substr(trunc(p_number)::text, 7, 2)::int)
END;
