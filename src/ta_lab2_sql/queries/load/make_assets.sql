-- Make the assets of given ids, with the symbols that came with them; returns a symbol that another id has,
-- stored or given.
WITH wanted AS (
    SELECT w.id, w.symbol FROM unnest(%(ids)s::int[], %(symbols)s::text[]) AS w (id, symbol)
),
taken AS (
    SELECT w.symbol, o.id AS stored, w.id
    FROM wanted AS w
    INNER JOIN (
        SELECT a.symbol, a.id FROM assets AS a
        UNION ALL
        SELECT g.symbol, g.id FROM wanted AS g
    ) AS o ON o.symbol = w.symbol AND o.id <> w.id
),
made AS (
    INSERT INTO assets AS a (id, symbol)
    SELECT w.id, w.symbol FROM wanted AS w
    WHERE NOT EXISTS (SELECT 1 FROM taken)
    ON CONFLICT (id) DO UPDATE SET symbol = excluded.symbol
    WHERE a.symbol IS NULL AND excluded.symbol IS NOT NULL
)
SELECT t.symbol, t.stored, t.id FROM taken AS t ORDER BY t.symbol, t.stored, t.id LIMIT 1
