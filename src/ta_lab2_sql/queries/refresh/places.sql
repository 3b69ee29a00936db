-- Which node of a Citus cluster holds each of some assets. From the catalogue alone: no other node is asked.
SELECT a.id, n.nodename || ':' || n.nodeport AS node
FROM unnest(%(ids)s::int[]) AS a (id)
INNER JOIN pg_dist_placement AS p ON p.shardid = get_shard_id_for_distribution_column('bars', a.id)
INNER JOIN pg_dist_node AS n ON n.groupid = p.groupid AND n.noderole = 'primary'
