-- The relation that a name means, as the search_path has it; as it stands or quoted.
SELECT coalesce(to_regclass(%(name)s), to_regclass(quote_ident(%(name)s)))::text
