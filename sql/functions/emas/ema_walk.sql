-- ema_walk: one EMA on each of some consecutive days, with a stored value on the closing days of bars.
--   p_closes    closes in time order, none NULL
--   p_first     row number (1d bar_seq) of the first of them
--   p_ends      row numbers of closing days of bars, ascending; some may lie before p_first or after the last
--   p_at_ends   the value on each of these days, NULL before the seed
--   p_before    the value on the day before p_first; NULL: not seeded
--   p_alpha     alpha of a step between closes
--   p_chains    steps go on from the day before; false: each from the newest closing day
-- Returns   a value for every close, NULL before the seed.
-- Errors    none.   Cost  0.2 us a day.
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
    v_values float8[] := p_closes;
    v_value float8 := p_before;
    v_rest float8 := 1.0::float8 - p_alpha;
    v_days int := cardinality(p_closes);
    v_from int := 1;
    v_stop int;
BEGIN
    FOR v_bar IN 1 .. coalesce(cardinality(p_ends), 0) + 1 LOOP
        -- The days before the next closing day, each without a look at where it lies.
        v_stop := least(coalesce(p_ends[v_bar] - p_first, v_days), v_days);
        IF p_chains THEN
            FOR v_day IN v_from .. v_stop LOOP
                v_value := p_alpha * p_closes[v_day] + v_rest * v_value;
                v_values[v_day] := v_value;
            END LOOP;
        ELSE
            FOR v_day IN v_from .. v_stop LOOP
                v_values[v_day] := p_alpha * p_closes[v_day] + v_rest * v_value;
            END LOOP;
        END IF;
        EXIT WHEN v_stop = v_days;
        IF v_stop >= 0 THEN
            v_value := p_at_ends[v_bar];
            v_values[v_stop + 1] := v_value;
            v_from := v_stop + 2;
        ELSIF NOT p_chains THEN
            v_value := p_at_ends[v_bar];
        END IF;
    END LOOP;
    RETURN v_values;
END;
$$;
