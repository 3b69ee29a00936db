-- instant_of: the moment that a text names exactly.
--   p_text   like 2024-01-31T23:59:59.999Z: a day, a time, an offset
-- Returns   the moment; NULL for none, for an empty text and for anything else.
-- Errors    none.   Cost  two microseconds.   Rule  without an offset it is no moment.
CREATE OR REPLACE FUNCTION instant_of(p_text text)
RETURNS timestamptz
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET search_path FROM CURRENT
SET datestyle = 'ISO, YMD'
AS $$
BEGIN
    IF p_text !~ ('^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?'
            '(Z|[+-](0[0-9]|1[0-4])(:?[0-5][0-9])?)$')
        OR day_on(left(p_text, 4), substr(p_text, 6, 2)::int, substr(p_text, 9, 2)::int) IS NULL
    THEN
        RETURN NULL;
    END IF;
    RETURN p_text::timestamptz;
END;
$$;
