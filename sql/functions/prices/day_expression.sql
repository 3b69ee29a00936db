-- day_expression: SQL that takes the day out of a column.
--   p_column   the column, quoted and qualified
--   p_type     its type
--   p_tz       zone that moments are read in
--   p_stamp    'day': a moment lies within its day; 'end': a midnight ends the day before
-- Returns   an expression of type date, NULL where a text is no day.
-- Errors    TA004 for a type that holds no days.
-- Cost      microseconds.
-- Rule      never the session's zone. Texts must leave no choice of day and month.
CREATE OR REPLACE FUNCTION day_expression(p_column text, p_type text, p_tz text, p_stamp text)
RETURNS text
LANGUAGE plpgsql IMMUTABLE
SET search_path FROM CURRENT
AS $$
DECLARE
    v_moment text;
BEGIN
    IF p_type = 'date' THEN
        RETURN CASE WHEN p_stamp = 'end' THEN format('(%s - 1)', p_column) ELSE p_column END;
    ELSIF p_type LIKE 'timestamp%without%' THEN
        v_moment := p_column;
    ELSIF p_type LIKE 'timestamp%' THEN
        v_moment := format('(%s AT TIME ZONE %L)', p_column, p_tz);
    ELSIF p_type IN ('bigint', 'integer', 'numeric', 'double precision') THEN
        RETURN format('day_of_number(%s::numeric)', p_column);
    ELSIF p_type IN ('text', 'character varying', 'character') OR p_type LIKE 'character%' THEN
        RETURN format(
            '(SELECT CASE WHEN d.dmy = d.mdy THEN '
            'd.dmy - CASE WHEN %L = ''end'' AND d.midnight THEN 1 ELSE 0 END END '
            'FROM day_readings(%s::text, ''{}'') AS d)', p_stamp, p_column);
    ELSE
        RAISE EXCEPTION USING
            ERRCODE = 'TA004',
            MESSAGE = format('a column of type %s holds no days', p_type),
            DETAIL = format('column %s', regexp_replace(p_column, '^r[.]', '')),
            HINT = 'Name another one: --columns date=COLUMN.';
    END IF;
    IF p_stamp = 'end' THEN
        RETURN format('(%s - interval ''1 microsecond'')::date', v_moment);
    END IF;
    RETURN format('%s::date', v_moment);
END;
$$;
