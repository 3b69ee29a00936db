-- make_session_clock: the applied form of a calendar, from its rows.
--   p_from_days, p_weekmasks   the weeks by from_day: seven of 0 and 1 each, Monday first
--   p_days, p_is_session       the exceptions by day; NULL in p_is_session: the day is as its week says
-- Returns   a session_clock: from_days of the second and later weeks; weeks, seven numbers a week: sessions
--           from Monday to that weekday; offsets, one a week; closed_days and opened_days, the exceptions
--           that differ from their week.
-- Errors    none: the constraints of the tables refuse other masks.
-- Cost      proportional to the weeks and exceptions; some milliseconds for 4,000 of them.
-- Rule      the first week holds before its from_day too. A week with the mask of the one before is the same
--           week, and an exception that says what the week says is none: calendars with the same sessions
--           have the same applied form, bit for bit.
CREATE OR REPLACE FUNCTION make_session_clock(
    p_from_days date[], p_weekmasks text[], p_days date[], p_is_session boolean[])
RETURNS session_clock
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path FROM CURRENT
AS $$
DECLARE
    v_clock session_clock;
    v_masks text[];
    v_days int;
    v_weeks int[];
BEGIN
    SELECT
        coalesce(array_agg(w.from_day ORDER BY w.k) FILTER (WHERE w.k > 1), '{}'),
        array_agg(w.weekmask ORDER BY w.k)
    INTO v_clock.from_days, v_masks
    FROM (
        SELECT m.from_day, m.weekmask, row_number() OVER (ORDER BY m.from_day) AS k
        FROM (
            SELECT u.from_day, u.weekmask, lag(u.weekmask) OVER (ORDER BY u.from_day) AS before
            FROM unnest(p_from_days, p_weekmasks) AS u (from_day, weekmask)
        ) AS m
        WHERE m.weekmask IS DISTINCT FROM m.before
    ) AS w;

    v_clock.weeks := '{}';
    v_clock.offsets := '{0}';
    FOR v_k IN 1 .. cardinality(v_masks) LOOP
        v_weeks := ARRAY(
            SELECT length(replace(left(v_masks[v_k], j.j), '0', '')) FROM generate_series(1, 7) AS j (j)
            ORDER BY j.j);
        IF v_k > 1 THEN
            v_days := v_clock.from_days[v_k - 1] - 1 - date 'J0';
            v_clock.offsets := v_clock.offsets || (
                v_clock.offsets[v_k - 1]
                + v_days / 7 * (v_clock.weeks[7 * v_k - 7] - v_weeks[7])
                + v_clock.weeks[7 * v_k - 13 + v_days % 7] - v_weeks[v_days % 7 + 1]);
        END IF;
        v_clock.weeks := v_clock.weeks || v_weeks;
    END LOOP;

    SELECT
        coalesce(array_agg(e.day ORDER BY e.day) FILTER (WHERE NOT e.is_session), '{}'),
        coalesce(array_agg(e.day ORDER BY e.day) FILTER (WHERE e.is_session), '{}')
    INTO v_clock.closed_days, v_clock.opened_days
    FROM unnest(p_days, p_is_session) AS e (day, is_session)
    WHERE e.is_session <> (substr(
        v_masks[width_bucket(e.day, v_clock.from_days) + 1], (e.day - date 'J0') % 7 + 1, 1) = '1');
    RETURN v_clock;
END;
$$;
