-- bar_volumes: the volume of a bar as it stood after each of some consecutive days.
--   p_volumes      volumes in time order, NULL where unknown
--   p_before       row number (1d bar_seq) of the day before the first of them
--   p_first_rows   row numbers of the bars' first days, ascending
--   p_volume       volume of the bar of the first day, as it stood after that day
-- Returns   a sum for every day; NULL while no volume of the bar is known.
-- Errors    none.   Cost  0.2 us a day.
-- Rule      plain float8 additions from the bar's first known volume on; an unknown one adds nothing.
CREATE OR REPLACE FUNCTION bar_volumes(p_volumes float8[], p_before int, p_first_rows int[], p_volume float8)
RETURNS float8[]
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE COST 4000
AS $$
DECLARE
    v_sums float8[] := ARRAY[p_volume];
    v_sum float8 := p_volume;
    v_bar int := 1;
    v_next int;
    v_day int := 1;
    x float8;
BEGIN
    WHILE p_first_rows[v_bar] <= p_before + 1 LOOP
        v_bar := v_bar + 1;
    END LOOP;
    v_next := p_first_rows[v_bar] - p_before;
    FOREACH x IN ARRAY p_volumes[2:] LOOP
        v_day := v_day + 1;
        IF v_day = v_next THEN
            v_sum := x;
            v_bar := v_bar + 1;
            v_next := p_first_rows[v_bar] - p_before;
        ELSE
            v_sum := coalesce(v_sum + x, v_sum, x);
        END IF;
        v_sums := array_append(v_sums, v_sum);
    END LOOP;
    RETURN v_sums;
END;
$$;
