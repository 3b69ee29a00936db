-- calendar_mismatches: how well each applied calendar fits the days that an asset has.
--   p_id   asset id
-- Returns   a row per calendar: calendar, mismatches (sessions without a row and rows on no session, between
--           the first and the last row), rank (of ties, least first), is_known (the calendar knows all these
--           days); and one with calendar NULL for every day being a session. No rows for an asset without
--           validated days.
-- Errors    none.
-- Cost      one pass over the asset's days; for each calendar its exceptions among them.
-- Rule      as mismatches_of.
CREATE OR REPLACE FUNCTION calendar_mismatches(p_id int)
RETURNS TABLE (calendar text, mismatches int, rank int, is_known boolean)
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
DECLARE
    v_days date[];
    v_weekdays int[];
    v_first date;
    v_last date;
BEGIN
    SELECT array_agg(d.day ORDER BY d.bar_seq), min(d.day), max(d.day) INTO v_days, v_first, v_last
    FROM cmc_price_bars_1d AS d WHERE d.id = p_id;
    IF v_days IS NULL THEN
        RETURN;
    END IF;
    v_weekdays := days_by_weekday(v_days);
    RETURN QUERY
    SELECT NULL::text, mismatches_of(NULL, v_days, v_weekdays), NULL::int, true
    UNION ALL
    SELECT
        c.calendar, mismatches_of(a.clock, v_days, v_weekdays), c.rank,
        coalesce(c.first_day, v_first) <= v_first AND coalesce(c.last_day, v_last) >= v_last
    FROM calendars AS c
    INNER JOIN calendars_applied AS a ON a.calendar = c.calendar;
END;
$$;
