-- is_told: whether an offence is told, or was accepted by a person.
--   p_accepted   accepted_days of the asset; NULL: nothing
--   p_check, p_severity   of the finding
--   p_day        day of the offence; NULL: it has none, so that only what is accepted for all days counts
-- Returns   true for errors, which can't be accepted, and for days that no accepted range holds.
-- Errors    none.   Cost  constant.
-- Rule      nothing warns for ever: who has looked at a day and found it right is not told again.
CREATE OR REPLACE FUNCTION is_told(p_accepted jsonb, p_check text, p_severity text, p_day date)
RETURNS boolean
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$
DECLARE
    v_days datemultirange;
BEGIN
    IF p_accepted IS NULL OR p_severity = 'error' OR NOT p_accepted ? p_check THEN
        RETURN true;
    END IF;
    v_days := p_accepted ->> p_check;
    IF p_day IS NULL THEN
        RETURN NOT v_days @> daterange('-infinity', 'infinity', '[]');
    END IF;
    RETURN NOT v_days @> p_day;
END;
$$;
