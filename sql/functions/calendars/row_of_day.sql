-- row_of_day: the newest row of an asset up to a day.
--   p_id    asset id
--   p_day   a day
-- Returns   its row number (1d bar_seq); 0 when the asset begins later.
-- Errors    none.   Cost  an index probe.
-- Rule      the day of a row lies at most one day off the UTC date of its stamp, or of its zone: three days
--           after the day no row can belong to it.
CREATE OR REPLACE FUNCTION row_of_day(p_id int, p_day date)
RETURNS int
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
BEGIN
    RETURN coalesce((
        SELECT d.bar_seq FROM cmc_price_bars_1d AS d
        WHERE d.id = p_id AND d."timestamp" < (p_day + 3)::timestamp AT TIME ZONE 'UTC' AND d.day <= p_day
        ORDER BY d."timestamp" DESC LIMIT 1), 0);
END;
$$;
