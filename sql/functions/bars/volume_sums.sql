-- volume_sums: the volume of each bar of one timeframe, added from the left in time order.
--   p_volumes    volumes of consecutive days, NULL where unknown
--   p_offset     row number of the day before the first one given
--   p_first_rows, p_last_rows  row numbers of each bar's first and last day, ascending, within the days given
-- Returns   one sum per bar, in order; NULL where every volume is NULL.
-- Errors    none.   Cost  one pass over the days, about 0.1 us a day.
-- Rule      plain float8 additions starting with the first known volume; an unknown one adds nothing.
CREATE OR REPLACE FUNCTION volume_sums(
    p_volumes float8[], p_offset int, p_first_rows int[], p_last_rows int[])
RETURNS SETOF float8
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
AS $$
DECLARE
    v_row int := p_offset;
    v_bar int := 1;
    v_first int := p_first_rows[1];
    v_last int := p_last_rows[1];
    v_volume float8;
    -- Adding to -0.0 keeps every value as it is, 0.0 and -0.0 too.
    v_nothing CONSTANT float8 := '-0.0';
    v_sum float8;
BEGIN
    IF array_position(p_volumes, NULL) IS NULL AND p_offset + 1 = v_first THEN
        v_sum := v_nothing;
        FOREACH v_volume IN ARRAY p_volumes LOOP
            v_row := v_row + 1;
            v_sum := v_sum + v_volume;
            CONTINUE WHEN v_row <> v_last;
            RETURN NEXT v_sum;
            v_bar := v_bar + 1;
            v_last := p_last_rows[v_bar];
            EXIT WHEN v_last IS NULL;
            v_sum := v_nothing;
        END LOOP;
        RETURN;
    END IF;
    FOREACH v_volume IN ARRAY p_volumes LOOP
        v_row := v_row + 1;
        CONTINUE WHEN v_row < v_first;
        IF v_sum IS NULL THEN
            v_sum := v_volume;
        ELSIF v_volume IS NOT NULL THEN
            v_sum := v_sum + v_volume;
        END IF;
        IF v_row = v_last THEN
            RETURN NEXT v_sum;
            v_bar := v_bar + 1;
            v_first := p_first_rows[v_bar];
            EXIT WHEN v_first IS NULL;
            v_last := p_last_rows[v_bar];
            v_sum := NULL;
        END IF;
    END LOOP;
END;
$$;
