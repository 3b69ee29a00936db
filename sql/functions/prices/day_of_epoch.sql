-- day_of_epoch: the UTC day of a count of seconds, milliseconds, microseconds or nanoseconds since 1970.
--   p_count   the count; its size tells the unit
-- Returns   the date; NULL outside 1970 .. 2199.
-- Errors    none.   Cost  a microsecond.
-- Rule      below 1e11 seconds, below 1e14 milliseconds, below 1e17 microseconds, nanoseconds from there on.
CREATE OR REPLACE FUNCTION day_of_epoch(p_count numeric)
RETURNS date
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (
    SELECT CASE WHEN d.days BETWEEN 0 AND 84006 THEN date '1970-01-01' + d.days END
    FROM (
        SELECT floor(p_count / CASE
            WHEN p_count < 1e11 THEN 86400
            WHEN p_count < 1e14 THEN 86400e3
            WHEN p_count < 1e17 THEN 86400e6
            ELSE 86400e9
        END)::int AS days
        WHERE p_count >= 0 AND p_count < 1e19
    ) AS d
);
