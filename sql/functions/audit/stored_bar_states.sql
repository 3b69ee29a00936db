-- stored_bar_states: the states of the bars of an asset.
--   p_id   asset id
-- Returns   the rows of bars_state that have a timeframe.
-- Errors    none.   Cost  an index range.
-- Rule      as stored_days.
CREATE OR REPLACE FUNCTION stored_bar_states(p_id int)
RETURNS TABLE (
    bar_group text, tz text, first_ts timestamptz, last_ts timestamptz, first_day date, n_rows int,
    calendar text, calendar_version int, session_before date, missing_days date[], extra_days date[])
LANGUAGE plpgsql STABLE ROWS 5
SET search_path FROM CURRENT
AS $$
BEGIN
    RETURN QUERY
    SELECT
        s.bar_group, s.tz, s.first_ts, s.last_ts, s.first_day, s.n_rows, s.calendar, s.calendar_version,
        s.session_before, s.missing_days, s.extra_days
    FROM bars_state AS s
    WHERE s.id = p_id AND s.tfs <> '{}';
END;
$$;
