-- Bring the staged days in; a row for each asset.
SELECT
    m.id,
    m.symbol,
    m.read,
    m.inserted,
    m.updated,
    m.deleted,
    m.unchanged,
    m.duplicates,
    m.earliest,
    m.factor
FROM merge_prices(%(on_conflict)s, %(replace)s, %(sparse)s) AS m
