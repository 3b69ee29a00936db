-- timeframes_built: the timeframes that an asset's bars were built for.
--   p_id      asset id
--   p_known   them, as to_jsonb makes an array of these rows; NULL: they are asked for
-- Returns   the rows of built_timeframes.
-- Errors    none.   Cost  known 1 us a row; else that of the view.
-- Rule      one audit of an asset asks once and hands them on: as stored_days.
CREATE OR REPLACE FUNCTION timeframes_built(p_id int, p_known jsonb DEFAULT NULL)
RETURNS TABLE (
    tf text, family text, bar_group text, first_ts timestamptz, first_day date, session_before date,
    unit_kind text, tf_qty int, is_anchored boolean, tf_days_min int, tf_days_max int, settled boolean)
LANGUAGE plpgsql STABLE ROWS 150
SET search_path FROM CURRENT
AS $$
BEGIN
    IF p_known IS NULL THEN
        RETURN QUERY
        SELECT
            t.tf, t.family, t.bar_group, t.first_ts, t.first_day, t.session_before, t.unit_kind, t.tf_qty,
            t.is_anchored, t.tf_days_min, t.tf_days_max, t.settled
        FROM built_timeframes AS t
        WHERE t.id = p_id;
    ELSE
        RETURN QUERY
        SELECT k.* FROM jsonb_to_recordset(p_known) AS k (
            tf text, family text, bar_group text, first_ts timestamptz, first_day date, session_before date,
            unit_kind text, tf_qty int, is_anchored boolean, tf_days_min int, tf_days_max int,
            settled boolean);
    END IF;
END;
$$;
