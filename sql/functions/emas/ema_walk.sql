-- ema_walk: one EMA on each of some consecutive days.
--   p_closes    closes in time order, none NULL
--   p_first     row number (1d bar_seq) of the first of them
--   p_ends      row numbers of closing days of bars, ascending; some may lie before p_first
--   p_at_ends   the value on each of these days, NULL before the seed
--   p_before    the value on the day before p_first; NULL: not seeded
--   p_alpha     alpha of a step between closes
--   p_chains    steps go on from the day before; false: each from the newest closing day
-- Returns   a value for every close, NULL before the seed.
-- Errors    none.   Cost  about 0.3 us a day.
-- Rule      one step is alpha * x + (1 - alpha) * previous, each rounded once; a closing day has its stored
--           value.
CREATE OR REPLACE FUNCTION ema_walk(
    p_closes float8[], p_first int, p_ends int[], p_at_ends float8[], p_before float8, p_alpha float8,
    p_chains boolean
)
RETURNS float8[]
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE COST 1000
AS $$
DECLARE
    v_values float8[] := '{}';
    v_value float8 := p_before;
    v_rest float8 := 1.0::float8 - p_alpha;
    v_row int := p_first;
    v_bar int := 1;
    v_end int := p_ends[1];
    x float8;
BEGIN
    WHILE v_end < p_first LOOP
        IF NOT p_chains THEN
            v_value := p_at_ends[v_bar];
        END IF;
        v_bar := v_bar + 1;
        v_end := p_ends[v_bar];
    END LOOP;
    FOREACH x IN ARRAY p_closes LOOP
        IF v_row = v_end THEN
            v_value := p_at_ends[v_bar];
            v_values := array_append(v_values, v_value);
            v_bar := v_bar + 1;
            v_end := p_ends[v_bar];
        ELSIF p_chains THEN
            v_value := p_alpha * x + v_rest * v_value;
            v_values := array_append(v_values, v_value);
        ELSE
            v_values := array_append(v_values, p_alpha * x + v_rest * v_value);
        END IF;
        v_row := v_row + 1;
    END LOOP;
    RETURN v_values;
END;
$$;
