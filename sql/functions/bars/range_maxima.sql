-- range_maxima: the largest value of every range of 1, 4, 16, .. consecutive values.
--   p_values   values, none NULL
-- Returns   level after level, an element for each value: on level k (from 0) at k * n + i the largest of the
--           4 ^ k values from the i-th on, of fewer at the end. Four elements tell the largest of any range.
-- Errors    none.   Cost  0.1 us a value and level.   Rule  a level is made of the one before.
CREATE OR REPLACE FUNCTION range_maxima(p_values int[])
RETURNS int[]
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
AS $$
DECLARE
    v_maxima int[] := p_values;
    v_level int[] := p_values;
    v_length int := 1;
BEGIN
    WHILE 4 * v_length <= cardinality(p_values) LOOP
        v_level := ARRAY(
            SELECT greatest(m.a, m.b, m.c, m.d) FROM unnest(
                v_level, v_level[v_length + 1:], v_level[2 * v_length + 1:], v_level[3 * v_length + 1:])
                AS m (a, b, c, d));
        v_maxima := v_maxima || v_level;
        v_length := 4 * v_length;
    END LOOP;
    RETURN v_maxima;
END;
$$;
