-- append_bar_groups_of_many: add the new day of each of some assets to all its bars, and write down in their
--   states that they hold it.
--   p_days, p_calendars, p_clocks   as in new_days_of_many
-- Returns   arrays with an element for each asset and timeframe (not 1D) that has a bar of the day: ids, tfs,
--           bar_groups, by_rows: it is an N-day bar, rows, prices: the close of the day, bar_seqs of the bar,
--           begins: it begins with the day, closes: it closes with it, bars_before: the bar of the day before
--           (NULL: none); and for each bar of the day before that the new day closed late: late_ids,
--           late_tfs, late_bars, late_closed_at.
-- Errors    TA030 a bar that goes on is missing.
-- Cost      one bar per asset and timeframe, a row per asset and group.
-- Rule      as append_bar_groups. A bar that was closed late is marked: its last day is called something
--           else.
CREATE OR REPLACE FUNCTION append_bar_groups_of_many(
    p_days day_facts[], p_calendars text[], p_clocks session_clock[],
    OUT ids int[], OUT tfs text[], OUT bar_groups text[], OUT by_rows boolean[], OUT rows int[],
    OUT prices float8[], OUT bar_seqs int[], OUT begins boolean[], OUT closes boolean[],
    OUT bars_before int[], OUT late_ids int[], OUT late_tfs text[],
    OUT late_bars int[], OUT late_closed_at timestamptz[])
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $$
DECLARE
    v_now timestamptz := now();
    v_new record;
    v_bars record;
    v_of record;
    v_days day_facts;
BEGIN
    SELECT * INTO v_new FROM new_days_of_many(p_days, p_calendars, p_clocks);
    SELECT * INTO v_bars
    FROM bars_of_new_days(
        v_new.ids, v_new.calendars, v_new.rows, v_new.days, v_new.days_before, v_new.skipped, p_calendars,
        p_clocks);
    -- Only a day that was missing can have kept a bar from closing in time.
    IF array_remove(v_bars.ends_before, NULL) <> '{}' THEN
        SELECT c.ids, c.tfs, c.bar_seqs, c.closed_at INTO late_ids, late_tfs, late_bars, late_closed_at
        FROM close_bars_late_of_many(
            p_calendars, p_clocks, v_bars.ids, v_bars.tfs, v_bars.bars_before, v_bars.calendars, ARRAY(
                SELECT v_new.days_before[b.place] FROM unnest(v_bars.places) WITH ORDINALITY AS b (place, i)
                ORDER BY b.i),
            v_bars.ends_before) AS c;
    END IF;
    PERFORM append_bars_of_many(
        v_new.ids, v_new.rows, v_new.skipped, v_new.gaps_from, v_new.gaps_to, v_bars.ids, v_bars.places,
        v_bars.tfs, v_bars.rows, v_bars.bar_seqs, v_bars.begins, v_bars.to_come, v_bars.missing,
        v_bars.missing_from);
    UPDATE bars_state AS s SET
        last_ts = d.dirty_from, n_rows = d.n_rows + 1, updated_at = v_now,
        marks_read = coalesce((SELECT max(m.version) FROM marks AS m WHERE m.id = s.id), 0)
    FROM unnest(p_days) AS d WHERE s.id = d.id;
    IF 0 < ANY(v_new.skipped) AND array_remove(v_new.calendars, NULL) <> '{}' THEN
        FOR v_of IN
            SELECT n.id, list_sessions(
                p_clocks[array_position(p_calendars, n.calendar)], n.gap_from, n.gap_to) AS missing
            FROM unnest(v_new.ids, v_new.calendars, v_new.skipped, v_new.gaps_from, v_new.gaps_to)
                AS n (id, calendar, skipped, gap_from, gap_to)
            WHERE n.calendar IS NOT NULL AND n.skipped > 0
        LOOP
            UPDATE bars_state AS s SET missing_days = s.missing_days || v_of.missing WHERE s.id = v_of.id;
        END LOOP;
    END IF;
    IF late_ids IS NOT NULL THEN
        FOR v_of IN
            SELECT l.id, array_agg(
                ROW(NULL, l.bar_group, NULL, NULL, NULL, NULL, NULL, NULL, NULL, l.closed_at)::mark) AS marks
            FROM (
                SELECT c.id, t.bar_group, min(c.closed_at) AS closed_at
                FROM unnest(late_ids, late_tfs, late_closed_at) AS c (id, tf, closed_at)
                INNER JOIN dim_timeframe AS t ON t.tf = c.tf
                GROUP BY c.id, t.bar_group
            ) AS l
            GROUP BY l.id
        LOOP
            PERFORM mark_changes(v_of.id, v_of.marks);
        END LOOP;
    END IF;
    FOREACH v_days IN ARRAY p_days LOOP
        IF block_of_row(v_days.n_rows + 1) > block_of_row(v_days.n_rows) THEN
            SELECT array_agg(b.tf) INTO tfs
            FROM unnest(v_bars.ids, v_bars.tfs) AS b (id, tf) WHERE b.id = v_days.id;
            PERFORM keep_bar_blocks(
                v_days.id, tfs, array_fill(v_days.n_rows + 1, ARRAY[coalesce(cardinality(tfs), 0)]));
        END IF;
    END LOOP;
    ids := v_bars.ids;
    tfs := v_bars.tfs;
    bar_groups := v_bars.bar_groups;
    by_rows := v_bars.by_rows;
    prices := ARRAY(
        SELECT v_new.prices[b.place] FROM unnest(v_bars.places) WITH ORDINALITY AS b (place, i) ORDER BY b.i);
    rows := v_bars.rows;
    bar_seqs := v_bars.bar_seqs;
    begins := v_bars.begins;
    closes := ARRAY(
        SELECT b.to_come = 0 FROM unnest(v_bars.to_come) WITH ORDINALITY AS b (to_come, i) ORDER BY b.i);
    bars_before := v_bars.bars_before;
END;
$$;
