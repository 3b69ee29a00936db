-- number_cell: a cell of a file as a number.
--   p_text, p_decimal, p_unknown, p_units   as for number_text
-- Returns   the number; NULL where the text means unknown.
-- Errors    22P02, 22003 for what is no number or none that a double holds.
-- Cost      that of a cast for plain numbers, ten microseconds for others.
-- Rule      one expression, so that a statement takes it in.
CREATE OR REPLACE FUNCTION number_cell(p_text text, p_decimal text, p_unknown text[], p_units jsonb)
RETURNS float8
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN is_plain_number(p_text, p_decimal) THEN p_text
    ELSE number_text(p_text, p_decimal, p_unknown, p_units)
END::float8;
