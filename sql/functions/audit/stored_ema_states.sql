-- stored_ema_states: the states of the EMAs of an asset.
--   p_id   asset id
-- Returns   the rows of emas_state.
-- Errors    none.   Cost  an index range.
-- Rule      as stored_days.
CREATE OR REPLACE FUNCTION stored_ema_states(p_id int)
RETURNS TABLE (
    ema_group text, bar_group text, tz text, tfs text[], periods int[], first_ts timestamptz,
    last_ts timestamptz, first_day date, n_rows int, series int)
LANGUAGE plpgsql STABLE ROWS 8
SET search_path FROM CURRENT
AS $$
BEGIN
    RETURN QUERY
    SELECT
        s.ema_group, s.bar_group, s.tz, s.tfs, s.periods, s.first_ts, s.last_ts, s.first_day, s.n_rows,
        s.series
    FROM emas_state AS s
    WHERE s.id = p_id;
END;
$$;
