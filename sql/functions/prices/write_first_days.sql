-- write_first_days: write price_days for assets of which nothing is stored.
--   p_on_conflict, p_sparse   as for merge_prices
-- Returns   nothing; twice_days keeps the keys with several lines.
-- Errors    TA004 and TA011 as settle_lines and check_spacing.
-- Cost      the rows that are written; once more, and a grouping, where a day has several lines.
-- Rule      the key of the raw table finds days of several lines: only then are they looked for.
CREATE OR REPLACE FUNCTION write_first_days(p_on_conflict text, p_sparse boolean)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $$
BEGIN
    BEGIN
        PERFORM write_days(true);
        RETURN;
    EXCEPTION WHEN unique_violation THEN
        PERFORM settle_lines(p_on_conflict);
    END;
    IF NOT p_sparse THEN
        PERFORM check_spacing();
    END IF;
    PERFORM write_days(true);
END;
$$;
