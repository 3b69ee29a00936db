-- audit_calendar: does the asset's calendar know its days, and would another one fit better?
--   p_id   asset id
-- Returns   findings: calendar_ended (warning; the newest day is after the last that the calendar knows),
--           calendar_ends_soon (info; less than 31 days before it), calendar_begins_late (info; n rows before
--           the first that it knows), local_day_shifted (warning; with shift, days of the asset moved by so
--           many fit), calendar_suggested (info; now and the mismatches of the best three).
-- Errors    none.
-- Cost      the asset's days; where more than 10 don't fit, the exceptions of all calendars too.
-- Rule      a mismatch is a session without a row, or a row on no session, between the first row and the
--           last; what is worth a word: fits_better.
CREATE OR REPLACE FUNCTION audit_calendar(p_id int)
RETURNS SETOF finding
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
DECLARE
    v_calendar text := (SELECT s.calendar FROM assets AS s WHERE s.id = p_id);
    v_clock session_clock := calendar_clock(v_calendar);
    v_days date[] := ARRAY(SELECT d.day FROM cmc_price_bars_1d AS d WHERE d.id = p_id ORDER BY d.day);
    v_weekdays int[] := days_by_weekday(v_days);
    v_now int;
BEGIN
    RETURN QUERY
    SELECT
        v.name, v.severity, p_id, '1D', NULL::int, v.ts,
        jsonb_build_object('calendar', v_calendar, 'known_from', k.first_day, 'known_to', k.last_day)
            || v.detail
    FROM calendars AS k
    CROSS JOIN (
        SELECT
            min(d."timestamp") AS first_ts, max(d."timestamp") AS last_ts, max(d.day) AS last_day
        FROM cmc_price_bars_1d AS d WHERE d.id = p_id
    ) AS r
    CROSS JOIN LATERAL (
        SELECT count(*) AS n FROM cmc_price_bars_1d AS d WHERE d.id = p_id AND d.day < k.first_day
    ) AS b
    CROSS JOIN LATERAL (VALUES
        ('calendar_ended', 'warning', r.last_day > k.last_day, r.last_ts,
            jsonb_build_object('newest', r.last_day)),
        ('calendar_ends_soon', 'info', k.last_day - r.last_day BETWEEN 0 AND 30, r.last_ts,
            jsonb_build_object('newest', r.last_day)),
        ('calendar_begins_late', 'info', b.n > 0, r.first_ts, jsonb_build_object('n', b.n))
    ) AS v (name, severity, is_bad, ts, detail)
    WHERE k.calendar = v_calendar AND v.is_bad;

    v_now := mismatches_of(v_clock, v_days, v_weekdays);
    IF NOT fits_better(cardinality(v_days), v_now, 0) THEN
        RETURN;
    END IF;
    RETURN QUERY
    SELECT
        'local_day_shifted', 'warning', p_id, '1D', NULL::int, NULL::timestamptz,
        jsonb_build_object('calendar', v_calendar, 'now', v_now, 'shift', s.shift, 'shifted', s.n)
    FROM (
        SELECT x.shift, mismatches_of(v_clock, m.days, days_by_weekday(m.days)) AS n
        FROM (VALUES (-1), (1)) AS x (shift)
        CROSS JOIN LATERAL (
            SELECT ARRAY(SELECT d.day + x.shift FROM unnest(v_days) AS d (day) ORDER BY d.day) AS days
        ) AS m
        WHERE v_calendar IS NOT NULL
        ORDER BY 2
        LIMIT 1
    ) AS s
    WHERE fits_better(cardinality(v_days), v_now, s.n);
    RETURN QUERY
    SELECT
        'calendar_suggested', 'info', p_id, '1D', NULL::int, NULL::timestamptz,
        jsonb_build_object('calendar', v_calendar, 'now', v_now, 'best', jsonb_agg(
            jsonb_build_object('calendar', m.calendar, 'mismatches', m.mismatches)
            ORDER BY m.mismatches, m.rank, m.calendar))
    FROM (
        SELECT c.* FROM calendar_mismatches(p_id) AS c
        WHERE c.calendar IS NOT NULL AND c.is_known
        ORDER BY c.mismatches, c.rank, c.calendar
        LIMIT 3
    ) AS m
    HAVING fits_better(cardinality(v_days), v_now, min(m.mismatches));
END;
$$;
