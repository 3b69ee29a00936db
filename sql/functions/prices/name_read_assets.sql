-- name_read_assets: give what a relation calls its assets their ids.
--   p_ids          only these assets; the others are forgotten; NULL: all
--   p_is_symbols   assets are symbols; else digits are ids
--   p_create       make assets of what is unknown
-- Returns   nothing; read_assets has ids, read_lines the lines of each.
-- Errors    TA004 for an unknown symbol when none may be made, for digits as symbols, for no asset, for ids
--           that only number the rows.
-- Cost      an index probe an asset.
-- Rule      digits in a column of symbols are never an id.
CREATE OR REPLACE FUNCTION name_read_assets(p_ids int[], p_is_symbols boolean, p_create boolean)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $$
DECLARE
    v_wrong text;
BEGIN
    SELECT coalesce(nullif(r.asset, ''), 'NULL') INTO v_wrong FROM read_assets AS r
    WHERE r.asset IS NULL OR r.asset = '' OR p_is_symbols AND r.asset ~ '^[0-9]+$'
        OR r.asset ~ '^[0-9]+$' AND NOT r.asset::numeric BETWEEN 1 AND 2147483647
    LIMIT 1;
    IF v_wrong IS NOT NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'TA004',
            MESSAGE = format('%s names no asset', v_wrong),
            DETAIL = 'Symbols are texts, not digits alone; ids are 1 to 2147483647.',
            HINT = 'A view may put a suffix behind the symbols, or leave such rows out.';
    END IF;
    IF NOT p_is_symbols AND (
        SELECT count(*) > 5 AND bool_and(r.lines = 1 AND r.asset ~ '^[0-9]+$') AND count(DISTINCT r.first) > 1
        FROM read_assets AS r
    ) AND NOT EXISTS (
        SELECT 1 FROM assets AS a WHERE a.id::text = ANY (ARRAY(SELECT r.asset FROM read_assets AS r))
    ) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'TA004',
            MESSAGE = 'the column id numbers the rows, it names no asset',
            DETAIL = 'Each row has an id of its own, and the days differ.',
            HINT = '--asset SYMBOL when the relation holds one, or --columns symbol=COLUMN.';
    END IF;
    UPDATE read_assets AS r SET id = r.asset::int WHERE r.asset ~ '^[0-9]+$';
    UPDATE read_assets AS r SET id = s.id
    FROM symbol_ids(ARRAY(SELECT a.asset FROM read_assets AS a WHERE a.id IS NULL), p_create) AS s
    WHERE s.symbol = r.asset AND r.id IS NULL;
    SELECT r.asset INTO v_wrong FROM read_assets AS r
    WHERE r.id IS NULL OR NOT p_create AND NOT EXISTS (SELECT 1 FROM assets AS a WHERE a.id = r.id) LIMIT 1;
    IF v_wrong IS NOT NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'TA004',
            MESSAGE = format('no asset %s', v_wrong),
            DETAIL = 'New assets are not to be made.',
            HINT = 'Add it: ta-lab2 assets add SYMBOL.';
    END IF;
    DELETE FROM read_assets AS r WHERE p_ids IS NOT NULL AND NOT r.id = ANY (p_ids);
    INSERT INTO assets (id) SELECT r.id FROM read_assets AS r ON CONFLICT (id) DO NOTHING;
    INSERT INTO read_lines (id, lines, first, last)
    SELECT r.id, sum(r.lines), min(r.first), max(r.last) FROM read_assets AS r GROUP BY r.id;
END;
$$;
