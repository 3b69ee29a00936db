-- sessions_of_ranges: the sessions in some ranges of days, each after a calendar of its own.
--   p_calendars, p_clocks   calendars by name, and the applied form of each
--   p_of              for each range the name of its calendar; NULL: every day is a session
--   p_first, p_last   both inclusive; p_last may be the day before p_first; NULL: no range
-- Returns   arrays with an element for each range (NULL: no range): counts of sessions, firsts: the first
--           session from p_first on, lasts: the newest up to p_last.
-- Errors    PostgreSQL's own for an infinite day.
-- Cost      below a microsecond for each range, a few for each day that differs.
-- Rule      as sessions_between.
CREATE OR REPLACE FUNCTION sessions_of_ranges(
    p_calendars text[], p_clocks session_clock[], p_of text[], p_first date[], p_last date[],
    OUT counts int[], OUT firsts date[], OUT lasts date[])
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
BEGIN
    IF array_remove(p_of, NULL) = '{}' THEN
        firsts := p_first;
        lasts := p_last;
        counts := ARRAY(
            SELECT r.last - r.first + 1 FROM unnest(p_first, p_last) WITH ORDINALITY AS r (first, last, i)
            ORDER BY r.i);
        RETURN;
    END IF;
    SELECT
        array_agg(coalesce(l.number - f.number, r.last - r.first + 1) ORDER BY r.i),
        array_agg(coalesce(f.session_after, r.first) ORDER BY r.i),
        array_agg(coalesce(l.session_upto, r.last) ORDER BY r.i)
    INTO counts, firsts, lasts
    FROM unnest(p_of, p_first, p_last) WITH ORDINALITY AS r (calendar, first, last, i)
    LEFT JOIN sessions_at(
        p_calendars, p_clocks, p_of,
        ARRAY(SELECT u.first - 1 FROM unnest(p_first) WITH ORDINALITY AS u (first, i) ORDER BY u.i)) AS f
        ON f.calendar = r.calendar AND f.day = r.first - 1
    LEFT JOIN sessions_at(p_calendars, p_clocks, p_of, p_last) AS l
        ON l.calendar = r.calendar AND l.day = r.last;
END;
$$;
