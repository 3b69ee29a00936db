-- carry_emas: carry the vectors of some series over newer days, one by one.
--   p_id        asset id
--   p_periods   today's periods, ascending
--   p_series    the series (ema_series_due) that take nothing but newer days, all from the same day on
--   p_rows      number of validated days
-- Returns   elements of emas_done, one or more per series.
-- Errors    as append_emas.   Cost  as append_emas for each day.
-- Rule      a bar that takes several of the new days counts once.
CREATE OR REPLACE FUNCTION carry_emas(p_id int, p_periods int[], p_series ema_series_due[], p_rows int)
RETURNS emas_done[]
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $$
DECLARE
    v_from int := (SELECT min(s.n_rows) FROM unnest(p_series) AS s);
    v_done emas_done[] := '{}';
    v_call record;
    v_now record;
BEGIN
    FOR v_row IN v_from + 1 .. p_rows LOOP
        FOR v_call IN
            SELECT array_agg(c.tf) AS tfs, c.in_bar_space, c.in_day_space
            FROM (
                SELECT s.tf, bool_or(s.in_bar_space) AS in_bar_space, bool_or(s.in_day_space) AS in_day_space
                FROM unnest(p_series) AS s GROUP BY s.tf
            ) AS c
            GROUP BY c.in_bar_space, c.in_day_space
        LOOP
            SELECT * INTO v_now FROM append_emas(
                p_id, p_periods, v_call.tfs, v_row, v_call.in_bar_space, v_call.in_day_space);
            v_done := v_done || ARRAY(
                SELECT ROW(
                    s.ema_group, s.tf,
                    (d.begins OR v_row = v_from + 1)::int + (s.tf = ANY(v_now.twice))::int,
                    CASE WHEN v_row = p_rows THEN d.n_live END)::emas_done
                FROM unnest(v_now.tfs, v_now.lengths, v_now.begins) AS d (tf, n_live, begins)
                INNER JOIN unnest(p_series) AS s ON s.tf = d.tf);
        END LOOP;
    END LOOP;
    RETURN v_done;
END;
$$;
