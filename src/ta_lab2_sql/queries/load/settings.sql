-- How the server is to read and work for one load.
SET LOCAL synchronous_commit = on;
SET LOCAL timezone = 'UTC';
SET LOCAL datestyle = 'ISO, YMD';
SET LOCAL client_encoding = 'UTF8';
SET LOCAL work_mem = '128MB';
SET LOCAL jit = off;
-- Enough for the planner to see which tables are small; the rows then stay in their order.
SET LOCAL default_statistics_target = 10
