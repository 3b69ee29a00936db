-- relation_columns: which column of a relation has which role of a day's prices.
--   p_relation   a table, a view, a foreign table
--   p_columns    role -> column, as far as it is said
-- Returns   role, name and type (of a domain: what it is made of) of each column that was said or found by
--           the usual names.
-- Errors    TA004 for a role or a column that there isn't, with those there are.
-- Cost      the catalogue's rows of one relation.
-- Rule      what is said wins; a column has one role.
CREATE OR REPLACE FUNCTION relation_columns(p_relation regclass, p_columns jsonb)
RETURNS TABLE (role text, name text, type text)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
DECLARE
    v_usual jsonb := '{
        "date": ["date", "localday", "day", "tradedate", "tradingday", "datetime", "timestamp", "time", "ts"],
        "symbol": ["symbol", "ticker", "code", "instrument"], "id": ["assetid", "id"], "name": ["name"],
        "open": ["open", "openprice"], "high": ["high", "highprice"], "low": ["low", "lowprice"],
        "close": ["close", "closeprice", "closingprice", "price", "last"],
        "adjusted": ["adjclose", "adjustedclose"], "volume": ["volume", "vol"], "marketcap": ["marketcap"],
        "timeopen": ["timeopen"], "timeclose": ["timeclose"], "timehigh": ["timehigh"],
        "timelow": ["timelow"]}';
    v_said jsonb := coalesce(p_columns, '{}');
    v_there jsonb;
    v_found text[];
BEGIN
    SELECT jsonb_object_agg(t.attname, format_type(coalesce(nullif(y.typbasetype, 0), t.atttypid), NULL))
    INTO v_there
    FROM pg_attribute AS t JOIN pg_type AS y ON y.oid = t.atttypid
    WHERE t.attrelid = p_relation AND t.attnum > 0 AND NOT t.attisdropped;
    RETURN QUERY
    SELECT DISTINCT ON (c.role) c.role, c.name, v_there ->> c.name
    FROM (
        SELECT s.key AS role, s.value AS name, 0::bigint AS place FROM jsonb_each_text(v_said) AS s
        WHERE v_there ? s.value AND v_usual ? s.key
        UNION ALL
        SELECT u.key, t.name, o.place
        FROM jsonb_each(v_usual) AS u
        CROSS JOIN LATERAL jsonb_array_elements_text(u.value) WITH ORDINALITY AS o (usual, place)
        JOIN jsonb_object_keys(v_there) AS t (name)
            ON regexp_replace(lower(t.name), '[^[:alnum:]]', '', 'g') = o.usual
        WHERE NOT EXISTS (SELECT 1 FROM jsonb_each_text(v_said) AS s WHERE s.value = t.name)
    ) AS c
    ORDER BY c.role, c.place;
    SELECT array_agg(r.role) INTO v_found FROM (
        SELECT s.key AS role FROM jsonb_each_text(v_said) AS s
        WHERE NOT v_there ? s.value OR NOT v_usual ? s.key
    ) AS r;
    IF v_found IS NOT NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'TA004',
            MESSAGE = format('no such column or role: %s', (
                SELECT string_agg(format('%s=%s', r.role, v_said ->> r.role), ', ')
                FROM unnest(v_found) AS r (role))),
            DETAIL = format('%s has %s', p_relation, (
                SELECT string_agg(k.name, ', ') FROM jsonb_object_keys(v_there) AS k (name))),
            HINT = format('Roles are %s.', (
                SELECT string_agg(k.role, ', ') FROM jsonb_object_keys(v_usual) AS k (role)));
    END IF;
END;
$$;
