-- make_emas: compute the vectors of some series from a row on, and store what differs.
--   p_id        asset id
--   p_periods   today's periods, ascending
--   p_series    the series (ema_series_due)
--   p_rows      number of validated days
-- Returns   elements of emas_done, one per series.
-- Errors    as build_emas.   Cost  as build_emas.
-- Rule      groups that keep their vectors in the same rows are computed together.
CREATE OR REPLACE FUNCTION make_emas(p_id int, p_periods int[], p_series ema_series_due[], p_rows int)
RETURNS emas_done[]
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $$
DECLARE
    v_done emas_done[] := '{}';
    v_tfs text[];
    v_rows int[];
    v_call record;
BEGIN
    SELECT array_agg(s.tf), rows_from(p_id, array_agg(s.from_ts), p_rows) INTO v_tfs, v_rows
    FROM (SELECT u.tf, min(u.from_ts) AS from_ts FROM unnest(p_series) AS u GROUP BY u.tf) AS s;
    FOR v_call IN
        SELECT
            array_agg(c.tf ORDER BY c.tf) AS tfs, array_agg(r.from_row ORDER BY c.tf) AS from_rows,
            c.in_bar_space, c.in_day_space
        FROM (
            SELECT s.tf, bool_or(s.in_bar_space) AS in_bar_space, bool_or(s.in_day_space) AS in_day_space
            FROM unnest(p_series) AS s GROUP BY s.tf
        ) AS c
        INNER JOIN unnest(v_tfs, v_rows) AS r (tf, from_row) ON r.tf = c.tf
        GROUP BY c.in_bar_space, c.in_day_space
    LOOP
        v_done := v_done || ARRAY(
            SELECT ROW(
                s.ema_group, s.tf,
                greatest(
                    CASE WHEN s.in_bar_space THEN b.bar_written END,
                    CASE WHEN s.in_day_space THEN b.day_written END),
                b.n_live)::emas_done
            FROM build_emas(
                p_id, p_periods, v_call.tfs, v_call.from_rows, v_call.in_bar_space, v_call.in_day_space) AS b
            INNER JOIN unnest(p_series) AS s ON s.tf = b.tf);
    END LOOP;
    RETURN v_done;
END;
$$;
