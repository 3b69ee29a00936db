-- Which node of a Citus cluster this connection has led to.
SELECT n.nodename || ':' || n.nodeport AS node
FROM pg_dist_local_group AS g
INNER JOIN pg_dist_node AS n ON n.groupid = g.groupid AND n.noderole = 'primary'
