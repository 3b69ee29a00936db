-- stage_relation: bring the rows of a relation that may change something into price_days.
--   p_rows         the query of relation_days
--   p_ids          only these assets; NULL: all
--   p_is_symbols   assets are symbols, digits included, never ids
--   p_create       make assets of unknown symbols
--   p_all          stage all rows, not only those that differ from stored ones
-- Returns   nothing; read_lines counts what was read of each asset.
-- Errors    TA004 for an unknown asset or symbol.
-- Cost      one pass over the relation, one join with stored days; one more when something differs.
-- Rule      of a day that differs all rows are staged: conflicts are seen. On a cluster, where the two don't
--           meet in a statement, all rows are staged.
CREATE OR REPLACE FUNCTION stage_relation(
    p_rows text, p_ids int[], p_is_symbols boolean, p_create boolean, p_all boolean)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $$
DECLARE
    v_insert text := 'INSERT INTO price_days (id, "timestamp", local_day, name, timeopen, timeclose, '
        'timehigh, timelow, open, high, low, close, volume, marketcap, clock, file, line) '
        'SELECT a.id, n.stamp, n.local_day, n.name, n.timeopen, n.timeclose, n.timehigh, n.timelow, n.open, '
        'n.high, n.low, n.close, n.volume, n.marketcap, n.clock, 0, row_number() OVER () FROM (' || p_rows
        || ') AS n JOIN read_assets AS a ON a.asset = n.asset ';
    v_unread text;
BEGIN
    EXECUTE 'INSERT INTO read_assets (asset, lines, first, last, unread) '
        'SELECT n.asset, count(*), min(n.stamp), max(n.stamp), bool_or(n.stamp IS NULL OR NOT n.day '
        'BETWEEN ''0001-01-01'' AND ''9999-12-31'') FROM (' || p_rows || ') AS n GROUP BY n.asset';
    PERFORM name_read_assets(p_ids, p_is_symbols, p_create);
    SELECT r.asset INTO v_unread FROM read_assets AS r WHERE r.unread LIMIT 1;
    IF v_unread IS NOT NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'TA011',
            MESSAGE = 'rows without a day that can be read',
            DETAIL = format('asset %s', v_unread),
            HINT = 'Texts must be days like 2024-01-31; a view may cast them.';
    END IF;
    IF p_all OR is_cluster() THEN
        EXECUTE v_insert;
        RETURN;
    END IF;
    EXECUTE v_insert || 'CROSS JOIN price_files AS f '
        'LEFT JOIN cmc_price_histories7 AS h ON h.id = a.id AND h."timestamp" = n.stamp '
        'WHERE h.id IS NULL OR ROW(h.open, h.high, h.low, h.close) '
        'IS DISTINCT FROM ROW(n.open, n.high, n.low, n.close) '
        'OR h.timeopen IS DISTINCT FROM n.timeopen OR h.timeclose IS DISTINCT FROM n.timeclose '
        'OR h.volume IS DISTINCT FROM n.volume AND ''volume'' = ANY (f.roles) '
        'OR h.marketcap IS DISTINCT FROM n.marketcap AND ''marketcap'' = ANY (f.roles) '
        'OR h.name IS DISTINCT FROM n.name AND ''name'' = ANY (f.roles) '
        'OR h.timehigh IS DISTINCT FROM n.timehigh AND ''timehigh'' = ANY (f.roles) '
        'OR h.timelow IS DISTINCT FROM n.timelow AND ''timelow'' = ANY (f.roles) '
        'OR h.local_day IS DISTINCT FROM n.local_day AND f.stamp <> ''close''';
    -- A day that is stored as one of its rows has it would hide that another row differs.
    IF EXISTS (
        SELECT 1 FROM price_days AS d
        JOIN cmc_price_histories7 AS h ON h.id = d.id AND h."timestamp" = d."timestamp"
    ) THEN
        EXECUTE 'CREATE TEMP TABLE differing_days ON COMMIT DROP AS '
            'SELECT DISTINCT d.id, d."timestamp" FROM price_days AS d';
        EXECUTE 'DELETE FROM price_days';
        EXECUTE v_insert || 'JOIN differing_days AS w ON w.id = a.id AND w."timestamp" = n.stamp';
        EXECUTE 'DROP TABLE differing_days';
    END IF;
END;
$$;
