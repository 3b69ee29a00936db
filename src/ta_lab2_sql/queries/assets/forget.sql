-- Take an asset's own row away; its days went before.
DELETE FROM assets AS a WHERE a.id = %(id)s RETURNING a.symbol
