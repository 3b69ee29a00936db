-- is_plain_number: whether a text is a number that the server casts as it stands.
--   p_text      a cell of a file
--   p_decimal   the sign before the fraction, '.' or ','
-- Returns   true for none and for digits with at most one point; of all other texts nothing is said.
-- Errors    none.   Cost  a regular expression.
-- Rule      short enough to fit into a double, without a sign that could group thousands.
CREATE OR REPLACE FUNCTION is_plain_number(p_text text, p_decimal text)
RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN p_text IS NULL OR length(p_text) <= 40
    AND (p_decimal = '.' AND p_text ~ '^-?[0-9]+([.][0-9]+)?$' OR p_text ~ '^-?[0-9]+$');
