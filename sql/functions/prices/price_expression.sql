-- price_expression: SQL that takes a number out of a column.
--   p_column   the column, quoted and qualified
--   p_type     its type
-- Returns   an expression of type float8, NULL where the column says that it is unknown.
-- Errors    TA004 for a type that holds no numbers; the expression 22P02 for a text that is none.
-- Cost      microseconds.
-- Rule      NaN is unknown, as it is in files; in texts the point stands before fractions.
CREATE OR REPLACE FUNCTION price_expression(p_column text, p_type text)
RETURNS text
LANGUAGE plpgsql IMMUTABLE
SET search_path FROM CURRENT
AS $$
BEGIN
    IF p_type IN ('double precision', 'real', 'numeric') THEN
        RETURN format('nullif(%s::float8, ''NaN'')', p_column);
    ELSIF p_type IN ('bigint', 'integer', 'smallint') THEN
        RETURN format('%s::float8', p_column);
    ELSIF p_type = 'money' THEN
        RETURN format('%s::numeric::float8', p_column);
    ELSIF p_type = 'text' OR p_type LIKE 'character%' THEN
        RETURN format(
            'number_cell(%s::text, ''.'', ''{null,none,na,n/a,#n/a,nan,-,--,.}'', ''{}'')', p_column);
    END IF;
    RAISE EXCEPTION USING
        ERRCODE = 'TA004',
        MESSAGE = format('a column of type %s holds no numbers', p_type),
        DETAIL = format('column %s', regexp_replace(p_column, '^r[.]', '')),
        HINT = 'Name another one: --columns close=COLUMN; or make a view that casts it.';
END;
$$;
