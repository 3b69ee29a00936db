-- asset_id: the id of an asset by its symbol.
--   p_symbol   a symbol, compared exactly; digits alone are an id
-- Returns   the id.
-- Errors    TA001 for a symbol that no asset has, and for an id that nothing is known of; names the nearest.
-- Cost      an index probe; evaluated once where the argument is a constant.
CREATE OR REPLACE FUNCTION asset_id(p_symbol text)
RETURNS int
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
DECLARE
    v_id int;
BEGIN
    SELECT a.id INTO v_id FROM assets AS a WHERE a.symbol = p_symbol;
    IF v_id IS NULL AND p_symbol ~ '^[0-9]{1,10}$' AND p_symbol::bigint <= 2147483647 THEN
        PERFORM check_ids(ARRAY[p_symbol::int]);
        v_id := p_symbol::int;
    END IF;
    IF v_id IS NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'TA001',
            MESSAGE = format('no asset is called %s', coalesce(quote_literal(p_symbol), 'NULL')),
            DETAIL = 'Symbols are compared exactly, letter case counts.',
            HINT = coalesce((
                SELECT format('The nearest are: %s.', nearest_names(p_symbol, array_agg(a.symbol)))
                FROM assets AS a WHERE a.symbol IS NOT NULL HAVING count(*) > 0
            ), 'No asset has a symbol yet: ta-lab2 assets set ID --symbol SYMBOL gives it one.');
    END IF;
    RETURN v_id;
END;
$$;
