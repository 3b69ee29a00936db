-- sync_prices: make raw days of prices that are in this database already.
--   p_relation   a table, a view, a foreign table with a row a day
--   p_columns    role -> column, such as {"date": "day", "close": "px"}; others are found by usual names
--   p_ids        only these assets; NULL: all
--   p_since      only days from here on; NULL: all
--   p_replace    stored days between an asset's first and last one here that it lacks are deleted
--   p_options    asset (symbol or id of a relation of one), stamp (day, end, close), tz (of moments; UTC),
--                on_conflict (first, last), adjusted, sparse, new_assets (false: none are made),
--                basis (traded, splits, total)
-- Returns   a row for each asset: id, symbol, read, inserted, updated, deleted, unchanged, earliest.
-- Errors    TA004 for columns that can't be found or used and for what merge_prices refuses; TA011 likewise.
-- Cost      one pass over the relation, and one join with the stored days; what differs is written.
-- Rule      a column of type date is the local day; a moment is read in UTC or p_options.tz, never in the
--           session's zone. Only rows that differ are written.
CREATE OR REPLACE FUNCTION sync_prices(
    p_relation regclass, p_columns jsonb DEFAULT NULL, p_ids int[] DEFAULT NULL, p_since date DEFAULT NULL,
    p_replace boolean DEFAULT false, p_options jsonb DEFAULT NULL)
RETURNS TABLE (
    id int, symbol text, read bigint, inserted bigint, updated bigint, deleted bigint, unchanged bigint,
    earliest timestamptz)
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
SET timezone = 'UTC'
SET jit = off
SET work_mem = '128MB'
AS $$
#variable_conflict use_column
DECLARE
    v_options jsonb := coalesce(p_options, '{}');
    v_columns jsonb;
    v_rows text;
    v_is_first boolean;
BEGIN
    SELECT jsonb_object_agg(c.role, jsonb_build_object('name', c.name, 'type', c.type)) INTO v_columns
    FROM relation_columns(p_relation, p_columns) AS c;
    PERFORM check_relation(p_relation, v_columns, v_options);
    PERFORM check_relation_numbers(p_relation, v_columns);
    v_rows := relation_days(p_relation, v_columns, v_options, p_since);
    PERFORM stage_prices();
    INSERT INTO price_files (file, shown, source_file, roles, stamp, basis, one_price)
    VALUES (
        0, p_relation::text, p_relation::text,
        ARRAY(SELECT k.role FROM jsonb_object_keys(v_columns) AS k (role)),
        coalesce(v_options ->> 'stamp', 'day'),
        CASE WHEN (v_options ->> 'adjusted')::boolean THEN 'total' ELSE v_options ->> 'basis' END,
        NOT v_columns ?| ARRAY['open', 'high', 'low']);
    PERFORM stage_relation(v_rows, p_ids, v_columns ? 'symbol' AND NOT v_options ? 'asset',
        coalesce((v_options ->> 'new_assets')::boolean, true), p_replace);
    SELECT NOT EXISTS (
        SELECT 1 FROM cmc_price_histories7 AS h WHERE h.id IN (SELECT r.id FROM read_lines AS r)
    ) INTO v_is_first;
    RETURN QUERY
    SELECT m.id, m.symbol, m.read, m.inserted, m.updated, m.deleted, m.unchanged, m.earliest
    FROM merge_prices(v_options ->> 'on_conflict', p_replace,
        NOT v_is_first OR coalesce((v_options ->> 'sparse')::boolean, false)) AS m;
    PERFORM drop_staged_prices();
END;
$$;
