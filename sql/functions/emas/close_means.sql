-- close_means: by row number (1d bar_seq), the mean of all closes of an asset up to that day.
--   p_id      asset id
--   p_row     the row after which means are wanted; 0: all
-- Returns   an array with an element per day after p_row, whose subscripts are the row numbers.
-- Errors    as closes_from.   Cost  the closes up to there once, 0.2 us a day after it.
-- Rule      the running total, added from the left, divided by the number of days: the seeds of day space.
CREATE OR REPLACE FUNCTION close_means(p_id int, p_row int)
RETURNS float8[]
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
DECLARE
    v_total float8 := closes_total(p_id, '1D', p_row + 1);
    v_row int := p_row;
    v_means float8[] := '{}';
    x float8;
BEGIN
    FOREACH x IN ARRAY coalesce(closes_from(p_id, p_row), '{}') LOOP
        v_row := v_row + 1;
        v_total := v_total + x;
        v_means[v_row] := v_total / v_row;
    END LOOP;
    RETURN v_means;
END;
$$;
