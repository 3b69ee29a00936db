-- Which server this is.
SELECT
    current_setting('server_version') AS server,
    current_database() AS database,
    current_schema() AS schema,
    clock_timestamp() AS now
