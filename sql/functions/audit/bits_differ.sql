-- bits_differ: whether two values of one type are stored differently.
--   p_one, p_other   the values; NULL is equal to NULL, NaN to NaN, 0.0 is not -0.0
-- Returns   true when any bit differs.
-- Errors    none.   Cost  constant; inlined.
-- Rule      what is computed again must be the same bits, not only an equal number.
CREATE OR REPLACE FUNCTION bits_differ(p_one anyelement, p_other anyelement)
RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$ SELECT record_image_ne(ROW(p_one), ROW(p_other)) $$;
