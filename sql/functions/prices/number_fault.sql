-- number_fault: why a text isn't a number that can be stored.
--   p_text, p_decimal, p_unknown, p_units   as for number_text
-- Returns   the reason in words; NULL when there is nothing wrong.
-- Errors    none.   Cost  ten microseconds.
-- Rule      what number_text reads must fit into a double, neither beyond its largest nor below its least.
CREATE OR REPLACE FUNCTION number_fault(p_text text, p_decimal text, p_unknown text[], p_units jsonb)
RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path FROM CURRENT
AS $$
DECLARE
    v_text text := number_text(p_text, p_decimal, p_unknown, p_units);
    v_size numeric;
BEGIN
    IF v_text IS NULL OR v_text ~* 'inf' THEN
        RETURN NULL;
    ELSIF length(btrim(p_text)) > 100 THEN
        RETURN format('a number of %s characters, at most 100 are allowed', length(btrim(p_text)));
    ELSIF v_text = '?' THEN
        RETURN 'is not a number';
    END IF;
    v_size := abs(v_text::numeric);
    IF v_size >= 1.797693134862315807937e308 THEN
        RETURN 'is too large for a double';
    ELSIF v_size > 0 AND v_size < 2.4703282292062328e-324 THEN
        RETURN 'is too small for a double';
    END IF;
    RETURN NULL;
END;
$$;
