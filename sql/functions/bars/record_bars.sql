-- record_bars: note in the states what a refresh of bars did, and mark what doesn't follow from the days.
--   p_id     asset id
--   p_days   how its validated days stand
--   p_work   what there was to do (bar_work); p_tfs  as asked for there
--   p_sessions  the asset's trading calendar that they were built with
--   p_done   what drop_bars and take_up_days returned
-- Returns   a row per group as refresh_bar_groups.
-- Errors    none.   Cost  a row per group.
-- Rule      timeframes that the call left out keep waiting; a group without timeframes has no state. A bar
--           that closed late or opened again changes the rows of its last day; a rebuild what it really
--           changed; another zone every calendar bar.
CREATE OR REPLACE FUNCTION record_bars(
    p_id int, p_days day_facts, p_work bar_work[], p_sessions asset_sessions, p_tfs text[],
    p_done bars_done[])
RETURNS TABLE (bar_group text, action text, dirty_from timestamptz, bars_written int, bars_deleted int)
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
DECLARE
    v_work bar_work;
    v_refreshed text[];
    v_closing timestamptz;
    v_changed timestamptz;
    v_pending timestamptz;
    v_touched timestamptz;
    v_reclosed timestamptz;
    v_read int := newest_mark(p_id);
    v_left text[];
    v_marks mark[] := '{}';
    v_first_day date;
BEGIN
    SELECT d.day INTO v_first_day FROM cmc_price_bars_1d AS d WHERE d.id = p_id AND d.bar_seq = 1;
    SELECT array_agg(q.bar_group) INTO v_left FROM bars_pending AS q WHERE q.id = p_id;
    FOREACH v_work IN ARRAY p_work LOOP
        v_refreshed := CASE
            WHEN v_work.action = 'noop' THEN '{}'
            WHEN v_work.dirty_from IS NULL AND v_work.action = 'revise' THEN '{}'
            WHEN p_tfs IS NULL OR v_work.is_recast THEN v_work.due
            ELSE ARRAY(SELECT t.tf FROM unnest(v_work.due) AS t (tf) WHERE t.tf = ANY(p_tfs))
        END;
        bar_group := v_work.bar_group;
        SELECT
            coalesce(sum(x.bars_written), 0), coalesce(sum(x.bars_deleted), 0), min(x.closing_from),
            min(x.changed_from) FILTER (WHERE x.tf = ANY(v_work.tfs)),
            min(x.touched_from) FILTER (WHERE x.tf = ANY(v_work.tfs)),
            min(x.reclosed_from) FILTER (WHERE x.tf = ANY(v_work.tfs))
        INTO bars_written, bars_deleted, v_closing, v_changed, v_touched, v_reclosed
        FROM unnest(p_done) AS x
        WHERE x.tf = ANY(v_work.due) OR x.tf = ANY(v_work.tfs);
        -- Deletions alone are no new bars, but not nothing either.
        action := CASE WHEN v_work.action = 'noop' THEN 'revise' ELSE v_work.action END;
        dirty_from := CASE
            WHEN v_work.action = 'rebuild' THEN p_days.first_ts
            WHEN v_work.action <> 'noop' THEN least(v_work.dirty_from, v_touched)
        END;
        RETURN NEXT;
        v_pending := NULL;
        IF v_work.bar_group = ANY(v_left) THEN
            v_pending := (
                SELECT min(w.dirty_from) FROM bars_left_behind AS w
                WHERE w.id = p_id AND w.tf = ANY(v_refreshed));
        END IF;
        PERFORM record_bar_group(p_id, p_days, v_work, p_sessions, p_tfs, v_refreshed, v_first_day, v_read,
            v_work.bar_group = ANY(v_left));
        CONTINUE WHEN v_work.due = '{}';
        v_changed := CASE
            WHEN v_work.reason = 'zone changed' AND timeframe_kind(v_work.due[1]) <> 'D' THEN '-infinity'
            WHEN v_work.action = 'rebuild' THEN v_changed
            -- Days are marked themselves; only what the calendar moved is new to those who read both.
            ELSE least(
                v_pending, v_reclosed, CASE WHEN v_work.changed_days IS NOT NULL THEN v_changed END)
        END;
        IF v_closing IS NOT NULL OR v_changed IS NOT NULL THEN
            v_marks := v_marks || ROW(
                NULL, v_work.bar_group, v_changed, NULL, NULL, NULL, NULL, NULL, NULL, v_closing)::mark;
        END IF;
    END LOOP;
    IF v_marks <> '{}' THEN
        PERFORM mark_changes(p_id, v_marks);
    END IF;
END;
$$;
