-- Whether a Citus cluster holds the tables of assets: from its catalogue, no other node is asked.
SELECT EXISTS (
    SELECT 1 FROM pg_dist_partition AS p WHERE p.logicalrelid = to_regclass('bars') AND p.partmethod = 'h')
