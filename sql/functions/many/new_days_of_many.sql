-- new_days_of_many: the new day of each of some assets, and the sessions between it and the day before.
--   p_days    how their days stood before the new one (days_of_many_due)
--   p_calendars, p_clocks   calendars by name, and the applied form of each
-- Returns   arrays with an element for each of them: ids, calendars (NULL: none), rows: the row number of the
--           new day, days, prices: its close, days_before, skipped: sessions without a row between the two
--           days, and the first and the last of them: gaps_from, gaps_to.
-- Errors    none.   Cost  two index probes for each.
-- Rule      a weekend is no gap of an asset whose calendar has none.
CREATE OR REPLACE FUNCTION new_days_of_many(
    p_days day_facts[], p_calendars text[], p_clocks session_clock[],
    OUT ids int[], OUT calendars text[], OUT rows int[], OUT days date[], OUT prices float8[],
    OUT days_before date[], OUT skipped int[], OUT gaps_from date[], OUT gaps_to date[])
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
BEGIN
    SELECT
        array_agg(d.id ORDER BY d.id), array_agg(d.calendar ORDER BY d.id),
        array_agg(n.bar_seq ORDER BY d.id), array_agg(n.day ORDER BY d.id), array_agg(n.close ORDER BY d.id),
        array_agg(b.day ORDER BY d.id)
    INTO ids, calendars, rows, days, prices, days_before
    FROM unnest(p_days) AS d
    INNER JOIN cmc_price_bars_1d AS n ON n.id = d.id AND n.bar_seq = d.n_rows + 1
    INNER JOIN cmc_price_bars_1d AS b ON b.id = d.id AND b.bar_seq = d.n_rows;
    SELECT s.counts, s.firsts, s.lasts INTO skipped, gaps_from, gaps_to
    FROM sessions_of_ranges(
        p_calendars, p_clocks, calendars,
        ARRAY(SELECT d.day + 1 FROM unnest(days_before) WITH ORDINALITY AS d (day, i) ORDER BY d.i),
        ARRAY(SELECT d.day - 1 FROM unnest(days) WITH ORDINALITY AS d (day, i) ORDER BY d.i)) AS s;
END;
$$;
