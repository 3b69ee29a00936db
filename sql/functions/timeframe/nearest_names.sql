-- nearest_names: the names most like a wrong one, for the HINT of an error.
--   p_name    what was given
--   p_names   the names there are
-- Returns   up to three names, likest first, with commas between them; NULL when there is none.
-- Errors    none.   Cost  a few microseconds for each name; only called when raising.
-- Rule      likeness is the share of neighbouring pairs of characters that two names have in common.
CREATE OR REPLACE FUNCTION nearest_names(p_name text, p_names text[])
RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (
    SELECT string_agg(best.name, ', ' ORDER BY best.likeness DESC, best.name)
    FROM (
        SELECT
            n.name,
            (
                SELECT count(*)::float8
                FROM generate_series(0, least(length(p_name), 64)) AS i (i)
                WHERE strpos(' ' || upper(n.name) || ' ', substr(' ' || upper(p_name) || ' ', i.i + 1, 2)) > 0
            ) / (length(n.name) + length(p_name) + 2) AS likeness
        FROM unnest(p_names) AS n (name)
        ORDER BY likeness DESC, n.name
        LIMIT 3
    ) AS best
);
