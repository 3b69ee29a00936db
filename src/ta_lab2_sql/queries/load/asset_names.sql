-- Names of new assets.
UPDATE assets AS a SET name = n.name
FROM unnest(%(ids)s::int[], %(names)s::text[]) AS n (id, name)
WHERE a.id = n.id AND a.name IS NULL
