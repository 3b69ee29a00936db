-- check_relation_numbers: refuse a relation whose texts of prices aren't numbers.
--   p_relation   the relation
--   p_columns    role -> {name, type} that were found
-- Returns   nothing.
-- Errors    TA011 with the first such text and its column.
-- Cost      one pass over the relation for each column of texts; nothing where all are numbers by their type.
-- Rule      as for files; what separates thousands and fractions isn't guessed here.
CREATE OR REPLACE FUNCTION check_relation_numbers(p_relation regclass, p_columns jsonb)
RETURNS void
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
DECLARE
    v_column text;
    v_text text;
    v_fault text;
BEGIN
    FOR v_column IN
        SELECT c.value ->> 'name' FROM jsonb_each(p_columns) AS c
        WHERE c.key IN ('open', 'high', 'low', 'close', 'adjusted', 'volume', 'marketcap')
            AND (c.value ->> 'type' = 'text' OR c.value ->> 'type' LIKE 'character%')
    LOOP
        EXECUTE format(
            $q$SELECT t.cell, t.fault FROM (
                SELECT r.%1$I::text AS cell, number_fault(
                    r.%1$I::text, '.', '{null,none,na,n/a,#n/a,nan,-,--,.}', '{}') AS fault
                FROM %2$s AS r WHERE NOT is_plain_number(r.%1$I::text, '.')
            ) AS t WHERE t.fault IS NOT NULL LIMIT 1$q$, v_column, p_relation) INTO v_text, v_fault;
        IF v_fault IS NOT NULL THEN
            RAISE EXCEPTION USING
                ERRCODE = 'TA011',
                MESSAGE = format('%L %s', v_text, v_fault),
                DETAIL = format('column %I of %s', v_column, p_relation),
                HINT = 'Texts must be numbers like 1234.5; a view may cast them.';
        END IF;
    END LOOP;
END;
$$;
