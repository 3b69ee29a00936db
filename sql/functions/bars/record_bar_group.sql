-- record_bar_group: write the state of a group of bars after a refresh, and what its others wait for.
--   p_id, p_days, p_work, p_sessions, p_tfs   asset, its validated days, its work, as in record_bars
--   p_refreshed   timeframes brought up to date
--   p_first_day   local day of the asset's first validated day; p_read  the newest mark that it has read
--   p_waits   there are timeframes of the group that wait (bars_pending)
-- Returns   nothing.
-- Errors    none.   Cost  a row of state.
-- Rule      timeframes that the call left out stand where they stood, and say since when they wait.
CREATE OR REPLACE FUNCTION record_bar_group(
    p_id int, p_days day_facts, p_work bar_work, p_sessions asset_sessions, p_tfs text[], p_refreshed text[],
    p_first_day date, p_read int, p_waits boolean)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
DECLARE
    v_now timestamptz := now();
    v_read_before int;
BEGIN
    IF p_work.due = '{}' THEN
        DELETE FROM bars_pending AS p WHERE p.id = p_id AND p.bar_group = p_work.bar_group;
        DELETE FROM bars_state AS s WHERE s.id = p_id AND s.bar_group = p_work.bar_group;
        RETURN;
    END IF;
    IF p_tfs IS NOT NULL AND p_work.state_dirty_from IS NOT NULL AND p_refreshed <> '{}' THEN
        SELECT s.marks_read INTO v_read_before
        FROM bars_state AS s WHERE s.id = p_id AND s.bar_group = p_work.bar_group;
        INSERT INTO bars_pending AS p (id, tf, bar_group, first_ts, last_ts, n_rows, marks_read)
        SELECT
            p_id, t.tf, p_work.bar_group, p_work.first_ts, p_work.last_ts, p_work.n_rows, v_read_before
        FROM unnest(p_work.due) AS t (tf)
        WHERE t.tf = ANY(p_work.tfs) AND NOT t.tf = ANY(p_refreshed)
        ON CONFLICT (id, tf) DO NOTHING;
    END IF;
    IF p_waits THEN
        DELETE FROM bars_pending AS p
        WHERE
            p.id = p_id AND p.bar_group = p_work.bar_group
            AND (p.tf = ANY(p_refreshed) OR NOT p.tf = ANY(p_work.due));
    END IF;
    IF p_refreshed = '{}' AND p_work.changed_days IS NULL THEN
        UPDATE bars_state AS s SET tfs = p_work.due, updated_at = v_now
        WHERE s.id = p_id AND s.bar_group = p_work.bar_group;
        RETURN;
    END IF;
    INSERT INTO bars_state AS s (
        id, bar_group, tz, tfs, first_ts, last_ts, n_rows, marks_read, updated_at, first_day,
        session_before, missing_days, extra_days, calendar, calendar_version)
    VALUES (
        p_id, p_work.bar_group, p_days.tz, p_work.due, p_days.first_ts, p_days.last_ts, p_days.n_rows,
        p_read, v_now, p_first_day, p_sessions.session_before, p_sessions.missing_days, p_sessions.extra_days,
        p_sessions.calendar, p_sessions.version)
    ON CONFLICT (id, bar_group) DO UPDATE SET
        tz = excluded.tz, tfs = excluded.tfs, first_ts = excluded.first_ts, last_ts = excluded.last_ts,
        n_rows = excluded.n_rows, marks_read = excluded.marks_read, updated_at = excluded.updated_at,
        first_day = excluded.first_day, session_before = excluded.session_before,
        missing_days = excluded.missing_days, extra_days = excluded.extra_days,
        calendar = excluded.calendar, calendar_version = excluded.calendar_version;
END;
$$;
