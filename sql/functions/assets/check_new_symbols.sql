-- check_new_symbols: refuse symbols that assets can't have, before they get them.
--   p_id        the asset that is to have the symbol; NULL: assets that don't exist yet
--   p_symbols   symbols that no other asset has
-- Errors    TA004 for a text that can't be a symbol, for one that another asset has, and for one that differs
--           from another one, stored or new, in letter case only.
-- Cost      one pass over assets.
CREATE OR REPLACE FUNCTION check_new_symbols(p_id int, p_symbols text[])
RETURNS void
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
DECLARE
    v_symbol text;
    v_other text;
    v_other_id int;
BEGIN
    SELECT s.symbol, symbol_fault(s.symbol) INTO v_symbol, v_other
    FROM unnest(p_symbols) AS s (symbol) WHERE symbol_fault(s.symbol) IS NOT NULL LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION USING
            ERRCODE = 'TA004',
            MESSAGE = format('%s is no symbol: it %s', coalesce(quote_literal(v_symbol), 'NULL'), v_other),
            DETAIL = 'A symbol is 1 to 64 characters without blanks, commas, @ and quotes, not digits alone.',
            HINT = 'Give another one.';
    END IF;
    SELECT s.symbol, t.symbol, t.id INTO v_symbol, v_other, v_other_id
    FROM unnest(p_symbols) AS s (symbol)
    INNER JOIN (
        SELECT a.id, a.symbol FROM assets AS a WHERE a.symbol IS NOT NULL AND a.id IS DISTINCT FROM p_id
        UNION ALL
        SELECT NULL, n.symbol FROM unnest(p_symbols) AS n (symbol)
    ) AS t ON lower(t.symbol) = lower(s.symbol) AND (t.symbol <> s.symbol OR t.id IS NOT NULL)
    ORDER BY t.symbol = s.symbol DESC, t.id
    LIMIT 1;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    IF v_symbol = v_other THEN
        RAISE EXCEPTION USING
            ERRCODE = 'TA004', MESSAGE = format('%s is asset %s', v_symbol, v_other_id),
            DETAIL = 'A symbol belongs to one asset.',
            HINT = format('Give another one, or rename that asset first: ta-lab2 assets set %s --symbol ..',
                v_other_id);
    END IF;
    RAISE EXCEPTION USING
        ERRCODE = 'TA004', MESSAGE = format('%s differs from %s in letter case only', v_symbol, v_other),
        DETAIL = 'Symbols are compared exactly; two that only look different would be mixed up.',
        HINT = 'Spell it as it is stored, or rename the stored one.';
END;
$$;
