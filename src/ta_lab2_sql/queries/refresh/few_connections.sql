-- What is asked of all shards takes less time than to connect to a node once more: a second connection only
-- for what takes longer, in milliseconds.
SET citus.executor_slow_start_interval TO 100
