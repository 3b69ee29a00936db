-- Keep how a relation gives prices.
INSERT INTO price_sources (name, relation, columns, options)
VALUES (%(name)s, %(relation)s, %(columns)s::jsonb, %(options)s::jsonb)
ON CONFLICT (name) DO UPDATE SET
    relation = excluded.relation, columns = excluded.columns, options = excluded.options
