-- decimal_sign: the sign before the fraction that a number as text gives away.
--   p_text   a cell of a file
-- Returns   '.', ',', or NULL: 12, 1,234 and 1.234 leave it open, and so does what is no number.
-- Errors    none.   Cost  two microseconds.
-- Rule      the one behind thousands that a blank or an apostrophe groups; the last of two different signs; a
--           sign that stands twice groups thousands; a sign that isn't followed by three digits, or has 0 or
--           more than three digits before it, is the decimal one.
CREATE OR REPLACE FUNCTION decimal_sign(p_text text)
RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN strpos(p_text, '.') = 0 AND strpos(p_text, ',') = 0 THEN NULL
    -- What most cells are, before the closer looks.
    WHEN strpos(p_text, ',') = 0 AND p_text ~ '^-?[0-9]+[.]([0-9]{1,2}|[0-9]{4,})$' THEN '.'
    WHEN p_text !~ '[0-9]' THEN NULL
    WHEN p_text ~ '[0-9][^-0-9.,[:alpha:]][0-9]{3}[,][0-9]' THEN ','
    WHEN p_text ~ '[0-9][^-0-9.,[:alpha:]][0-9]{3}[.][0-9]' THEN '.'
    WHEN p_text ~ '[.][0-9 ]*[,][0-9]*[^.,]*$' OR p_text ~ '[.][0-9]{3}[.][^,]*$' THEN ','
    WHEN p_text ~ '[,][0-9 ]*[.][0-9]*[^.,]*$' OR p_text ~ '[,][0-9]{2,3}[,][^.]*$' THEN '.'
    WHEN p_text ~ '^[^0-9]*[0-9]{1,3}[,][0-9]{3}($|[^0-9])' AND p_text !~ '^[^0-9]*0[,]' THEN NULL
    WHEN p_text ~ '^[^0-9]*[0-9]{1,3}[.][0-9]{3}($|[^0-9])' AND p_text !~ '^[^0-9]*0[.]' THEN NULL
    WHEN p_text ~ '^[^0-9.,]*[0-9'' ]*[,][0-9]' THEN ','
    WHEN p_text ~ '^[^0-9.,]*[0-9'' ]*[.][0-9]' THEN '.'
END;
