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
    v_calendar text;
    v_clock session_clock;
    v_known_from date;
    v_known_to date;
    v_days date[];
    v_newest date;
    v_first_ts timestamptz;
    v_last_ts timestamptz;
    v_weekdays int[];
    v_now int;
BEGIN
    SELECT a.calendar INTO v_calendar FROM assets AS a WHERE a.id = p_id;
    v_clock := calendar_clock(v_calendar);
    SELECT coalesce(array_agg(d.day ORDER BY d.day), '{}'), max(d.day), min(d."timestamp"), max(d."timestamp")
    INTO v_days, v_newest, v_first_ts, v_last_ts
    FROM cmc_price_bars_1d AS d WHERE d.id = p_id;
    IF v_calendar IS NOT NULL THEN
        SELECT k.first_day, k.last_day INTO v_known_from, v_known_to
        FROM calendars AS k WHERE k.calendar = v_calendar;
        RETURN QUERY
        SELECT
            v.name, v.severity, p_id, '1D', NULL::int, v.ts,
            jsonb_build_object('calendar', v_calendar, 'known_from', v_known_from, 'known_to', v_known_to)
                || v.detail
        FROM (SELECT count(*) AS n FROM unnest(v_days) AS d (day) WHERE d.day < v_known_from) AS b
        CROSS JOIN LATERAL (VALUES
            ('calendar_ended', 'warning', v_newest > v_known_to, v_last_ts,
                jsonb_build_object('newest', v_newest)),
            ('calendar_ends_soon', 'info', v_known_to - v_newest BETWEEN 0 AND 30, v_last_ts,
                jsonb_build_object('newest', v_newest)),
            ('calendar_begins_late', 'info', b.n > 0, v_first_ts, jsonb_build_object('n', b.n))
        ) AS v (name, severity, is_bad, ts, detail)
        WHERE v.is_bad;
    END IF;

    v_weekdays := days_by_weekday(v_days);
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
