-- The staging table of one load: every line of every file, in the order it was read.
CREATE TEMP TABLE load_staging (
    line bigint GENERATED ALWAYS AS IDENTITY,
    id int NOT NULL,
    name text,
    timeopen timestamptz,
    timeclose timestamptz,
    timehigh timestamptz,
    timelow timestamptz,
    "timestamp" timestamptz NOT NULL,
    open float8,
    high float8,
    low float8,
    close float8,
    volume float8,
    marketcap float8,
    source_file text NOT NULL
) ON COMMIT DROP
