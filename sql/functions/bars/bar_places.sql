-- bar_places: which bar each of some consecutive days belongs to.
--   p_before       row number (1d bar_seq) of the day before the first of them
--   p_days         number of days
--   p_first_rows   row numbers of the bars' first days, ascending, from the bar of the first day or a later
--                  one on; NULL: there is none
--   p_bar_seqs     the bars' numbers, in the same order
-- Returns   for every day the number of its bar; 0 for a day before the first bar.
-- Errors    none.   Cost  0.5 us a bar.   Rule  a bar lasts until the next one begins.
CREATE OR REPLACE FUNCTION bar_places(p_before int, p_days int, p_first_rows int[], p_bar_seqs int[])
RETURNS int[]
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE COST 1000
AS $$
DECLARE
    v_places int[] := '{}';
    v_done int := 0;
    v_stop int;
BEGIN
    FOR v_bar IN 0 .. coalesce(cardinality(p_first_rows), 0) LOOP
        v_stop := least(coalesce(p_first_rows[v_bar + 1] - 1 - p_before, p_days), p_days);
        IF v_stop > v_done THEN
            v_places := v_places || array_fill(coalesce(p_bar_seqs[v_bar], 0), ARRAY[v_stop - v_done]);
            v_done := v_stop;
        END IF;
    END LOOP;
    RETURN v_places;
END;
$$;
