-- drop_staged_prices: take the temporary tables of stage_prices away before the transaction ends.
-- Returns   nothing.
-- Errors    none.   Cost  milliseconds.   Rule  so that several relations can be read in one transaction.
CREATE OR REPLACE FUNCTION drop_staged_prices()
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $$
BEGIN
    EXECUTE 'DROP TABLE price_files, price_days, read_assets, read_lines, twice_days, stored_days, '
        'changed_days, protected_days, deleted_days';
END;
$$;
