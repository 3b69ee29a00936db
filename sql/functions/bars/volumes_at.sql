-- volumes_at: a running sum of volumes from a day on, as it stands on some later days.
--   p_volumes   volumes of consecutive days, NULL where unknown
--   p_before    position of the day before the first one that counts
--   p_at        positions of the days asked for, ascending, all after p_before
--   p_volume    the sum up to p_before; NULL: nothing known of it
-- Returns   a sum for each of them; NULL while no volume is known.
-- Errors    none.   Cost  0.1 us a day.
-- Rule      plain float8 additions from the first known volume on; an unknown one adds nothing.
CREATE OR REPLACE FUNCTION volumes_at(p_volumes float8[], p_before int, p_at int[], p_volume float8)
RETURNS float8[]
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$
DECLARE
    v_sums float8[] := '{}';
    v_sum float8 := p_volume;
    v_done int := p_before;
    v_at int;
    x float8;
BEGIN
    FOREACH v_at IN ARRAY p_at LOOP
        FOREACH x IN ARRAY p_volumes[v_done + 1:v_at] LOOP
            v_sum := coalesce(v_sum + x, v_sum, x);
        END LOOP;
        v_sums := array_append(v_sums, v_sum);
        v_done := v_at;
    END LOOP;
    RETURN v_sums;
END;
$$;
