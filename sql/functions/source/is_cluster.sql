-- is_cluster: whether the tables may lie on several servers.
-- Returns   true where the extension citus is installed.
-- Errors    none.   Cost  a look at the list of extensions.
-- Rule      what refers to all nodes is then written by the driver, never by a call beside an asset's rows.
CREATE OR REPLACE FUNCTION is_cluster()
RETURNS boolean
LANGUAGE plpgsql STABLE
AS $$
BEGIN
    RETURN EXISTS (SELECT 1 FROM pg_extension AS e WHERE e.extname = 'citus');
END;
$$;
