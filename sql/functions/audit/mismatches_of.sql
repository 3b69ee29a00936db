-- mismatches_of: how many days don't fit a calendar.
--   p_clock      the applied form of a calendar; NULL: every day is a session
--   p_days       days with a row, sorted
--   p_weekdays   the same days as days_by_weekday orders them
-- Returns   sessions without a row and rows on no session, between the first and the last.
-- Errors    none.   Cost  the exceptions between the first day and the last, below a microsecond each.
-- Rule      sessions in the range, and rows, less twice the rows that are sessions. Those are counted weekday
--           by weekday for each week of the calendar; then its exceptions are looked for among the days.
CREATE OR REPLACE FUNCTION mismatches_of(p_clock session_clock, p_days date[], p_weekdays int[])
RETURNS int
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path FROM CURRENT
AS $$
DECLARE
    v_rows int := cardinality(p_days);
    v_first date := p_days[1];
    v_last date := p_days[v_rows];
    v_closed date[];
    v_opened date[];
    v_hits int;
BEGIN
    IF p_clock IS NULL THEN
        RETURN v_last - v_first + 1 - v_rows;
    END IF;
    v_closed := (p_clock).closed_days[
        width_bucket(v_first - 1, (p_clock).closed_days) + 1:width_bucket(v_last, (p_clock).closed_days)];
    v_opened := (p_clock).opened_days[
        width_bucket(v_first - 1, (p_clock).opened_days) + 1:width_bucket(v_last, (p_clock).opened_days)];
    v_hits := (
        SELECT sum(
            width_bucket(k.weekday << 22 | (k.ends - date 'J0'), p_weekdays)
            - width_bucket(k.weekday << 22 | (k.begins - 1 - date 'J0'), p_weekdays))
        FROM (
            SELECT
                d.weekday,
                greatest(v_first, coalesce((p_clock).from_days[w.n], v_first)) AS begins,
                least(v_last, coalesce((p_clock).from_days[w.n + 1] - 1, v_last)) AS ends
            FROM generate_series(0, cardinality((p_clock).from_days)) AS w (n)
            CROSS JOIN generate_series(0, 6) AS d (weekday)
            WHERE (p_clock).weeks[7 * w.n + d.weekday + 1] > CASE
                WHEN d.weekday > 0 THEN (p_clock).weeks[7 * w.n + d.weekday] ELSE 0 END
        ) AS k
        WHERE k.begins <= k.ends
    ) - (SELECT count(*) FROM unnest(v_closed) AS c (day) WHERE p_days[width_bucket(c.day, p_days)] = c.day)
    + (SELECT count(*) FROM unnest(v_opened) AS o (day) WHERE p_days[width_bucket(o.day, p_days)] = o.day);
    RETURN sessions_between(p_clock, v_first, v_last) + v_rows - 2 * v_hits;
END;
$$;
