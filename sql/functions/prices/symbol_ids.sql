-- symbol_ids: the ids of symbols; those that no asset has yet get new ones.
--   p_symbols   symbols, each once
--   p_create    make an asset of each that is unknown
-- Returns   a row for each symbol that is known or was made: symbol, id, is_new.
-- Errors    TA004 for a text that can't be a symbol, for a new one that differs from another one in letter
--           case only, and when no ids are left.
-- Cost      an index probe a symbol; new ones wait for other transactions that make assets.
-- Rule      a new id is the least above all ids of assets and of raw days. One lock, held to the end of the
--           transaction, keeps two loads from giving one id twice, or one symbol two ids.
CREATE OR REPLACE FUNCTION symbol_ids(p_symbols text[], p_create boolean)
RETURNS TABLE (symbol text, id int, is_new boolean)
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
DECLARE
    v_new text[];
    v_first int;
BEGIN
    v_new := ARRAY(
        SELECT s.symbol FROM unnest(p_symbols) WITH ORDINALITY AS s (symbol, place)
        WHERE NOT EXISTS (SELECT 1 FROM assets AS a WHERE a.symbol = s.symbol) ORDER BY s.place);
    IF p_create AND cardinality(v_new) > 0 THEN
        v_first := free_asset_ids(cardinality(v_new));
        -- Who held the lock may have made some of them.
        v_new := ARRAY(
            SELECT s.symbol FROM unnest(v_new) WITH ORDINALITY AS s (symbol, place)
            WHERE NOT EXISTS (SELECT 1 FROM assets AS a WHERE a.symbol = s.symbol) ORDER BY s.place);
        PERFORM check_new_symbols(NULL, v_new);
        INSERT INTO assets (id, symbol)
        SELECT v_first + s.place::int - 1, s.symbol FROM unnest(v_new) WITH ORDINALITY AS s (symbol, place);
    END IF;
    RETURN QUERY
    SELECT a.symbol, a.id, a.symbol = ANY (v_new) FROM assets AS a WHERE a.symbol = ANY (p_symbols);
END;
$$;
