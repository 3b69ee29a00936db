-- session_number: the number of sessions up to and including a day, counted from a fixed origin.
--   p_clock   the applied form of a calendar (make_session_clock); NULL: every day is a session
--   p_day     any finite day
-- Returns   S(p_day): sessions in a .. b are S(b) - S(a - 1). Only differences mean anything.
-- Errors    PostgreSQL's own for an infinite day.
-- Cost      constant: a few look-ups in sorted arrays; inlined.
-- Rule      whole weeks by the masks, less the sessions that were closed, more the days that were opened.
--           Days are counted from Julian day 0, a Monday. Each week's offset makes the count go on from the
--           week before; the first week reaches back for ever.
CREATE OR REPLACE FUNCTION session_number(p_clock session_clock, p_day date)
RETURNS int
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN (p_clock).offsets IS NULL THEN p_day - date 'J0'
    ELSE
        (p_clock).offsets[width_bucket(p_day, (p_clock).from_days) + 1]
        + (p_day - date 'J0') / 7 * (p_clock).weeks[7 * width_bucket(p_day, (p_clock).from_days) + 7]
        + (p_clock).weeks[7 * width_bucket(p_day, (p_clock).from_days) + (p_day - date 'J0') % 7 + 1]
        - width_bucket(p_day, (p_clock).closed_days) + width_bucket(p_day, (p_clock).opened_days)
END;
