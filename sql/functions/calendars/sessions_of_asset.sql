-- sessions_of_asset: the calendar of an asset as it is applied now, and how the asset's days lie in it.
--   p_id       asset id
--   p_groups   groups of bars whose states may tell of the days that they hold; NULL: no state is asked
-- Returns   calendar, version, clock; session_before, the newest session before the asset's first day;
--           missing_days, the sessions without a row between its first and last day; extra_days, its rows on
--           no session. NULL for an asset without calendar.
-- Errors    none.
-- Cost      with a state a probe for each day in question; else one pass over the asset's days.
-- Rule      a new day can only add days to the lists, at their ends.
CREATE OR REPLACE FUNCTION sessions_of_asset(p_id int, p_groups text[] DEFAULT NULL)
RETURNS asset_sessions
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
DECLARE
    v_of asset_sessions;
    v_clock session_clock;
    v_first date;
    v_first_stamp timestamptz;
    v_last date;
    v_state bars_state;
    v_told date;
    v_rows int;
    v_days date[];
    v_rows_of int[];
BEGIN
    SELECT a.calendar INTO v_of.calendar FROM assets AS a WHERE a.id = p_id;
    IF v_of.calendar IS NULL THEN
        RETURN NULL;
    END IF;
    SELECT a.version, a.clock INTO v_of.version, v_of.clock
    FROM calendars_applied AS a WHERE a.calendar = v_of.calendar;
    IF v_of.version IS NULL THEN
        v_of.version := 0;
        v_of.clock := stored_session_clock(v_of.calendar);
    END IF;
    v_clock := v_of.clock;
    SELECT d.day, d."timestamp" INTO v_first, v_first_stamp
    FROM cmc_price_bars_1d AS d WHERE d.id = p_id AND d.bar_seq = 1;
    SELECT d.day, d.bar_seq INTO v_last, v_rows
    FROM cmc_price_bars_1d AS d WHERE d.id = p_id ORDER BY d.bar_seq DESC LIMIT 1;
    v_of.session_before := last_session_before(v_clock, v_first);

    -- A state whose days stand as they were knows all but the days after them and those that changed since.
    SELECT s.* INTO v_state
    FROM bars_state AS s
    WHERE
        s.id = p_id AND s.bar_group = ANY(p_groups) AND s.calendar = v_of.calendar
        AND s.first_ts = v_first_stamp
        AND NOT EXISTS (SELECT 1 FROM bar_marks AS m WHERE m.id = p_id AND m.version > s.marks_read)
    ORDER BY s.n_rows, s.calendar_version LIMIT 1;
    SELECT d.day INTO v_told FROM cmc_price_bars_1d AS d WHERE d.id = p_id AND d.bar_seq = v_state.n_rows;
    IF v_told IS NOT NULL THEN
        v_days := ARRAY(
            SELECT DISTINCT c.day
            FROM calendar_changes AS h
            CROSS JOIN LATERAL unnest(h.days) AS c (day)
            WHERE
                h.calendar = v_of.calendar AND h.version > v_state.calendar_version
                AND c.day BETWEEN v_first AND v_told
        ) || ARRAY(SELECT v_told + k.k FROM generate_series(1, v_last - v_told) AS k (k));
        v_of.missing_days := v_state.missing_days;
        v_of.extra_days := v_state.extra_days;
        IF v_days <> '{}' THEN
            v_rows_of := ARRAY(
                SELECT row_of_day(p_id, c.day)
                FROM unnest(v_days) WITH ORDINALITY AS c (day, n) ORDER BY c.n);
            SELECT
                coalesce(array_agg(u.day ORDER BY u.day) FILTER (WHERE u.is_missing), '{}'),
                coalesce(array_agg(u.day ORDER BY u.day) FILTER (WHERE NOT u.is_missing), '{}')
            INTO v_of.missing_days, v_of.extra_days
            FROM (
                SELECT m.day, true AS is_missing FROM unnest(v_state.missing_days) AS m (day)
                WHERE NOT m.day = ANY(v_days)
                UNION ALL
                SELECT x.day, false FROM unnest(v_state.extra_days) AS x (day) WHERE NOT x.day = ANY(v_days)
                UNION ALL
                SELECT e.day, e.is_session
                FROM (
                    SELECT q.day, is_session_of(v_clock, q.day) AS is_session, q.row_no
                    FROM unnest(v_days, v_rows_of) AS q (day, row_no)
                ) AS e
                LEFT JOIN cmc_price_bars_1d AS d
                    ON d.id = p_id AND d.bar_seq = e.row_no AND d.day = e.day
                WHERE e.is_session <> (d.id IS NOT NULL)
            ) AS u;
        END IF;
        RETURN v_of;
    END IF;

    v_of.missing_days := ARRAY(
        SELECT g.before + k.k
        FROM (
            SELECT d.day, lag(d.day) OVER (ORDER BY d.bar_seq) AS before
            FROM cmc_price_bars_1d AS d WHERE d.id = p_id
        ) AS g
        CROSS JOIN LATERAL generate_series(1, g.day - g.before - 1) AS k (k)
        WHERE g.day > g.before + 1 AND is_session_of(v_clock, g.before + k.k)
        ORDER BY 1);
    v_of.extra_days := '{}';
    IF v_rows + cardinality(v_of.missing_days) > sessions_between(v_clock, v_first, v_last) THEN
        v_of.extra_days := ARRAY(
            SELECT d.day FROM cmc_price_bars_1d AS d
            WHERE d.id = p_id AND NOT is_session_of(v_clock, d.day) ORDER BY d.bar_seq);
    END IF;
    RETURN v_of;
END;
$$;
