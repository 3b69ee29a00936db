-- factor_words: a factor between two scales of prices as people say it.
--   p_factor   the new price divided by the old one
-- Returns   1/7 or 3/2 where it is a fraction of small numbers, else the number with six digits.
-- Errors    none.   Cost  microseconds.   Rule  within a hundred-thousandth of it.
CREATE OR REPLACE FUNCTION factor_words(p_factor float8)
RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN coalesce(
    (
        SELECT CASE WHEN b.b = 1 THEN a.a::text ELSE format('%s/%s', a.a, b.b) END
        FROM generate_series(1, 100) AS b (b)
        CROSS JOIN LATERAL (SELECT round(p_factor * b.b)::int AS a) AS a
        WHERE p_factor < 1e6 AND a.a BETWEEN 1 AND 100 AND abs(p_factor * b.b / a.a - 1) < 1e-5
        ORDER BY b.b LIMIT 1
    ),
    round(p_factor::numeric, 6)::text
);
