-- goes_one_by_one: whether a question about some assets is put for each of them by itself.
--   p_ids   assets; NULL: all
-- Returns   true for several assets on a Citus cluster.
-- Errors    none.   Cost  a look at the list of extensions.
-- Rule      a query of one asset runs as it stands beside its rows; of several it would have to be one that
--           workers can answer in parts, which windows, full joins and look-ups by other columns don't allow.
CREATE OR REPLACE FUNCTION goes_one_by_one(p_ids int[])
RETURNS boolean
LANGUAGE plpgsql STABLE
AS $$
BEGIN
    RETURN cardinality(p_ids) IS DISTINCT FROM 1
        AND EXISTS (SELECT 1 FROM pg_extension AS e WHERE e.extname = 'citus');
END;
$$;
