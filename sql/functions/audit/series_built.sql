-- series_built: the timeframes that an asset's EMAs were built for.
--   p_id      asset id
--   p_known   them, as to_jsonb makes an array of these rows; NULL: they are asked for
-- Returns   the rows of built_series; periods as text, which is as good for comparing and quicker to hand on.
-- Errors    none.   Cost  known 1 us a row; else that of the view.
-- Rule      as timeframes_built.
CREATE OR REPLACE FUNCTION series_built(p_id int, p_known jsonb DEFAULT NULL)
RETURNS TABLE (
    ema_group text, tf text, in_bar boolean, in_day boolean, periods text, dirty_from timestamptz,
    hidden_from timestamptz, settled boolean, has_bars boolean)
LANGUAGE plpgsql STABLE ROWS 500
SET search_path FROM CURRENT
AS $$
BEGIN
    IF p_known IS NULL THEN
        RETURN QUERY
        SELECT
            s.ema_group, s.tf, s.in_bar, s.in_day, s.periods::text, s.dirty_from, s.hidden_from, s.settled,
            s.has_bars
        FROM built_series AS s
        WHERE s.id = p_id;
    ELSE
        RETURN QUERY
        SELECT k.* FROM jsonb_to_recordset(p_known) AS k (
            ema_group text, tf text, in_bar boolean, in_day boolean, periods text, dirty_from timestamptz,
            hidden_from timestamptz, settled boolean, has_bars boolean);
    END IF;
END;
$$;
