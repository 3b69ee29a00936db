-- Bring the rows of a relation in; a row for each asset.
SELECT
    s.id,
    s.symbol,
    s.read,
    s.inserted,
    s.updated,
    s.deleted,
    s.unchanged,
    s.earliest
FROM sync_prices(
    %(relation)s::regclass, %(columns)s::jsonb, %(ids)s::int[], %(since)s::date, %(replace)s,
    %(options)s::jsonb
) AS s
