-- stage_prices: make the temporary tables that prices pass through on their way in.
-- Returns   nothing. price_files: what is read; price_days: its days, one row a line; stored_days: the days
--           of those assets that are stored; twice_days: keys with several lines; changed_days,
--           deleted_days: what is to be written; protected_days: days whose lines were left out.
--           read_assets, read_lines: how many lines were read of each asset, the first and the last day.
-- Errors    none.   Cost  milliseconds.   Rule  they go with the transaction.
CREATE OR REPLACE FUNCTION stage_prices()
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $$
BEGIN
    EXECUTE 'CREATE TEMP TABLE price_files (
        file int PRIMARY KEY, shown text NOT NULL, source_file text, roles text[] NOT NULL,
        stamp text NOT NULL DEFAULT ''day'', basis text, one_price boolean NOT NULL DEFAULT false,
        decimal_sign text, usual_sign text, unknown text[], units jsonb, day_order text, order_from text,
        yymmdd boolean, day_format text, plain boolean, adjusted boolean NOT NULL DEFAULT false, hint text,
        delimiter text, volume_factor float8 NOT NULL DEFAULT 1, has_symbol boolean, has_id boolean,
        reading int
    ) ON COMMIT DROP';
    EXECUTE 'CREATE TEMP TABLE price_days (
        id int NOT NULL, "timestamp" timestamptz NOT NULL, local_day date, name text,
        timeopen timestamptz, timeclose timestamptz, timehigh timestamptz, timelow timestamptz,
        open float8, high float8, low float8, close float8, volume float8, marketcap float8,
        clock text, file int NOT NULL, line bigint
    ) ON COMMIT DROP';
    EXECUTE 'CREATE TEMP TABLE twice_days (
        id int, "timestamp" timestamptz, lines bigint, has_times boolean
    ) ON COMMIT DROP';
    EXECUTE 'CREATE TEMP TABLE stored_days (LIKE cmc_price_histories7, day date) ON COMMIT DROP';
    EXECUTE 'CREATE TEMP TABLE changed_days (LIKE cmc_price_histories7, is_new boolean, factor float8)
        ON COMMIT DROP';
    EXECUTE 'CREATE TEMP TABLE read_assets (
        asset text, lines bigint, first timestamptz, last timestamptz, unread boolean, id int
    ) ON COMMIT DROP';
    EXECUTE 'CREATE TEMP TABLE read_lines (
        id int, lines bigint, first timestamptz, last timestamptz
    ) ON COMMIT DROP';
    EXECUTE 'CREATE TEMP TABLE protected_days (id int, day date) ON COMMIT DROP';
    EXECUTE 'CREATE TEMP TABLE deleted_days (id int, "timestamp" timestamptz, day date) ON COMMIT DROP';
END;
$$;
