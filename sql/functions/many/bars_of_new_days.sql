-- bars_of_new_days: the bars of all built timeframes (not 1D) that hold the new day of each of some assets.
--   p_ids .. p_skipped   as new_days_of_many returns them
--   p_calendars, p_clocks   calendars by name, and the applied form of each
-- Returns   arrays with an element for each asset and timeframe that has a bar of the day: ids, places: where
--           the asset stands in p_ids, calendars (NULL: none), tfs, bar_groups, by_rows: they are N-day bars,
--           rows, bar_seqs, bars_before: the bar of the day before (NULL: none), begins: the bar begins with
--           the day, to_come: days of it that are expected after it. Where sessions were skipped and a
--           calendar bar begins: ends_before: the last day of the window of the bar before, missing: sessions
--           without a row since its own window began, missing_from: the first of them.
-- Errors    none.   Cost  arithmetic, and a look at each day and calendar that differs.
-- Rule      as append_bars.
CREATE OR REPLACE FUNCTION bars_of_new_days(
    p_ids int[], p_of text[], p_rows int[], p_days date[], p_days_before date[], p_skipped int[],
    p_calendars text[], p_clocks session_clock[],
    OUT ids int[], OUT places int[], OUT calendars text[], OUT tfs text[], OUT bar_groups text[],
    OUT by_rows boolean[], OUT rows int[], OUT bar_seqs int[], OUT bars_before int[], OUT begins boolean[],
    OUT to_come int[], OUT ends_before date[], OUT missing int[], OUT missing_from date[])
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
DECLARE
    v_rows_to_come int[];
    v_ends date[];
    v_windows_from date[];
    v_days_after date[];
    v_days_before date[];
BEGIN
    SELECT
        array_agg(u.id), array_agg(u.place), array_agg(u.calendar), array_agg(u.tf), array_agg(u.bar_group),
        array_agg(u.kind = 'D'), array_agg(u.row_no), array_agg(u.bar_seq), array_agg(u.bar_before),
        array_agg(u.begins),
        array_agg(CASE WHEN u.kind = 'D' THEN u.bar_seq * u.n - u.row_no END),
        array_agg(window_end(u.kind, u.n, u.first_unit, u.bar_seq)),
        array_agg(CASE WHEN u.begins AND u.skipped > 0 AND u.kind <> 'D'
            THEN greatest(window_start(u.kind, u.n, u.first_unit, u.bar_seq), u.first_day) END),
        array_agg(CASE WHEN u.begins AND u.skipped > 0
            THEN window_end(u.kind, u.n, u.first_unit, u.bar_before) END),
        array_agg(u.day + 1), array_agg(u.day - 1)
    INTO
        ids, places, calendars, tfs, bar_groups, by_rows, rows, bar_seqs, bars_before, begins, v_rows_to_come,
        v_ends, v_windows_from, ends_before, v_days_after, v_days_before
    FROM (
        SELECT g.*, g.bar_before IS DISTINCT FROM g.bar_seq AS begins
        FROM (
            SELECT
                f.*, bar_of_day(f.kind, f.n, f.first_unit, f.row_no, f.day) AS bar_seq,
                nullif(bar_of_day(f.kind, f.n, f.first_unit, f.row_no - 1, f.day_before), 0) AS bar_before
            FROM (
                SELECT
                    a.*, s.first_day, s.bar_group, c.tf, c.unit_kind AS kind, c.tf_qty AS n,
                    first_unit(c.unit_kind, c.tf_qty, c.allow_partial_start, s.first_day, s.session_before)
                    AS first_unit
                FROM unnest(p_ids, p_of, p_rows, p_days, p_days_before, p_skipped) WITH ORDINALITY
                    AS a (id, calendar, row_no, day, day_before, skipped, place)
                INNER JOIN bars_state AS s ON s.id = a.id
                CROSS JOIN LATERAL unnest(s.tfs) AS t (tf)
                INNER JOIN dim_timeframe AS c ON c.tf = t.tf
                OFFSET 0
            ) AS f
            OFFSET 0
        ) AS g
        WHERE g.bar_seq > 0
        OFFSET 0
    ) AS u;
    SELECT s.counts INTO to_come
    FROM sessions_of_ranges(p_calendars, p_clocks, calendars, v_days_after, v_ends) AS s;
    to_come := ARRAY(
        SELECT coalesce(t.rows_to_come, t.to_come)
        FROM unnest(v_rows_to_come, to_come) WITH ORDINALITY AS t (rows_to_come, to_come, i) ORDER BY t.i);
    IF array_remove(v_windows_from, NULL) <> '{}' THEN
        SELECT s.counts, s.firsts INTO missing, missing_from
        FROM sessions_of_ranges(p_calendars, p_clocks, calendars, v_windows_from, v_days_before) AS s;
    END IF;
END;
$$;
