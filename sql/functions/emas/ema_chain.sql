-- ema_chain: one EMA on each of some consecutive days, each step from the day before.
--   p_closes    closes in time order, none NULL
--   p_alpha     alpha of a step
--   p_before    the value on the day before the first of them; NULL: not seeded yet
--   p_seed_at   where p_before is NULL: the position of the day that the series begins with
--   p_seed      the value on that day; NULL: it doesn't begin here
-- Returns   a value for every close, NULL before the seed; NULL where nothing lives.
-- Errors    none.   Cost  0.2 us a day.
-- Rule      one step is alpha * x + (1 - alpha) * previous, each rounded once.
CREATE OR REPLACE FUNCTION ema_chain(
    p_closes float8[], p_alpha float8, p_before float8, p_seed_at int, p_seed float8
)
RETURNS float8[]
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE COST 1000
AS $$
DECLARE
    v_values float8[];
    v_value float8 := coalesce(p_before, p_seed);
    v_rest float8 := 1.0::float8 - p_alpha;
    x float8;
BEGIN
    IF p_before IS NOT NULL THEN
        FOREACH x IN ARRAY p_closes LOOP
            v_value := p_alpha * x + v_rest * v_value;
            v_values := array_append(v_values, v_value);
        END LOOP;
    ELSIF p_seed IS NOT NULL THEN
        v_values := array_append(array_fill(NULL::float8, ARRAY[p_seed_at - 1]), v_value);
        FOREACH x IN ARRAY p_closes[p_seed_at + 1:] LOOP
            v_value := p_alpha * x + v_rest * v_value;
            v_values := array_append(v_values, v_value);
        END LOOP;
    END IF;
    RETURN v_values;
END;
$$;
