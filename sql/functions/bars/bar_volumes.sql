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
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE COST 1000
AS $$
DECLARE
    v_days int := cardinality(p_volumes);
    v_sums float8[] := p_volumes;
    v_sum float8 := p_volume;
    v_bar int := 1;
    v_from int := 2;
    v_stop int;
BEGIN
    WHILE p_first_rows[v_bar] <= p_before + 1 LOOP
        v_bar := v_bar + 1;
    END LOOP;
    v_sums[1] := p_volume;
    LOOP
        -- The days before the next bar, each without a look at where it begins.
        v_stop := least(coalesce(p_first_rows[v_bar] - 1 - p_before, v_days), v_days);
        FOR v_day IN v_from .. v_stop LOOP
            v_sum := coalesce(v_sum + p_volumes[v_day], v_sum, p_volumes[v_day]);
            v_sums[v_day] := v_sum;
        END LOOP;
        EXIT WHEN v_stop = v_days;
        v_sum := p_volumes[v_stop + 1];
        v_from := v_stop + 2;
        v_bar := v_bar + 1;
    END LOOP;
    RETURN v_sums;
END;
$$;
