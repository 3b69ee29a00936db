-- ema_fails_at: where one EMA leaves the range of a double.
--   p_values   closes in time order
--   p_from     position in p_values (from 1) that holds the seed
--   p_alpha    alpha of a step
-- Returns   the position of the first step that over- or underflows; NULL: none.
-- Errors    none.   Cost  0.2 us a close; for telling of an error that has happened.
-- Rule      the seed is the mean of the values up to p_from, which can't leave the range.
CREATE OR REPLACE FUNCTION ema_fails_at(p_values float8[], p_from int, p_alpha float8)
RETURNS int
LANGUAGE plpgsql IMMUTABLE STRICT
AS $$
DECLARE
    v_at int;
    v_value float8 := (SELECT sum(u.x ORDER BY u.i) / p_from
        FROM unnest(p_values[:p_from]) WITH ORDINALITY AS u (x, i));
BEGIN
    FOR i IN p_from + 1 .. cardinality(p_values) LOOP
        v_at := i;
        v_value := p_alpha * p_values[i] + (1.0::float8 - p_alpha) * v_value;
    END LOOP;
    RETURN NULL;
EXCEPTION
    WHEN numeric_value_out_of_range THEN
        RETURN v_at;
END;
$$;
