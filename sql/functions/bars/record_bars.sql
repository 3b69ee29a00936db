-- record_bars: note in the states what a refresh of bars did, and hand on to the EMAs what it changed.
--   p_id .. p_include_non_canonical   as in refresh_bar_groups
--   p_rows, p_first, p_last   number of validated days, "timestamp" of the first and the last
--   p_tfs_refreshed   timeframes brought up to date
--   p_tfs_done, p_written, p_deleted, p_closing, p_changed   what append_bars, build_bars and reshape_bars
--                returned
--   p_sessions   the asset's trading calendar that they were built with
--   p_due_groups, p_touched_tfs, p_touched_from   groups under which days of the calendar changed; what
--                reshape_bars returned
--   p_reclosed_tfs, p_reclosed_from   first days of bars that another day closes, or none, by the calendar
-- Returns   a row per group as refresh_bar_groups.
-- Errors    none.   Cost  a row per group.
-- Rule      timeframes that the call left out keep waiting; a group without timeframes has no state. A bar
--           that closed late or opened again changes the rows of its last day; a rebuild what it really
--           changed; another zone every calendar bar.
CREATE OR REPLACE FUNCTION record_bars(
    p_id int, p_groups text[], p_tz text, p_rezone boolean, p_full boolean, p_tfs text[],
    p_include_non_canonical boolean, p_rows int, p_first timestamptz, p_last timestamptz,
    p_tfs_refreshed text[], p_tfs_done text[], p_written int[], p_deleted int[], p_closing timestamptz[],
    p_changed timestamptz[], p_sessions asset_sessions, p_due_groups text[], p_touched_tfs text[],
    p_touched_from timestamptz[], p_reclosed_tfs text[], p_reclosed_from timestamptz[])
RETURNS TABLE (bar_group text, action text, dirty_from timestamptz, bars_written int, bars_deleted int)
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
DECLARE
    v_group record;
    v_now timestamptz := now();
    v_first_day date;
    v_rezoned text[];
    v_pending_tfs text[];
    v_pending_from timestamptz[];
BEGIN
    SELECT d.day INTO v_first_day FROM cmc_price_bars_1d AS d WHERE d.id = p_id AND d.bar_seq = 1;
    v_rezoned := ARRAY(SELECT s.bar_group FROM bars_state AS s WHERE s.id = p_id AND s.tz <> p_tz);
    SELECT array_agg(p.tf), array_agg(p.dirty_from) INTO v_pending_tfs, v_pending_from
    FROM bars_pending AS p WHERE p.id = p_id AND p.tf = ANY(p_tfs_refreshed);
    FOR v_group IN
        SELECT
            g.bar_group, g.tfs, g.due, g.n_rows, g.first_ts, g.last_ts, g.dirty_from,
            (SELECT min(p.dirty_from) FROM unnest(v_pending_tfs, v_pending_from) AS p (tf, dirty_from)
                WHERE p.tf = ANY(g.due)) AS pending_from,
            ARRAY(SELECT t.tf FROM unnest(g.due) AS t (tf) WHERE t.tf = ANY(p_tfs_refreshed)) AS refreshed,
            d.written, d.deleted, d.closing, d.changed, d.touched_from, d.reclosed_from,
            g.bar_group = ANY(p_due_groups) IS TRUE AS is_due
        FROM bar_groups_due(p_id, p_groups, p_tfs, p_include_non_canonical, p_full AND p_tfs IS NULL) AS g
        CROSS JOIN LATERAL (
            SELECT
                coalesce(sum(x.written), 0)::int AS written, coalesce(sum(x.deleted), 0)::int AS deleted,
                min(x.closing) AS closing, min(x.changed) FILTER (WHERE x.tf = ANY(g.tfs)) AS changed,
                (SELECT min(t.touched_from) FROM unnest(p_touched_tfs, p_touched_from) AS t (tf, touched_from)
                    WHERE t.tf = ANY(g.tfs)) AS touched_from,
                (SELECT min(t.reclosed) FROM unnest(p_reclosed_tfs, p_reclosed_from) AS t (tf, reclosed)
                    WHERE t.tf = ANY(g.tfs)) AS reclosed_from
            FROM unnest(p_tfs_done, p_written, p_deleted, p_closing, p_changed)
                AS x (tf, written, deleted, closing, changed)
            WHERE x.tf = ANY(g.due) OR x.tf = ANY(g.tfs)
        ) AS d
    LOOP
        bar_group := v_group.bar_group;
        bars_written := v_group.written;
        bars_deleted := v_group.deleted;
        IF v_group.due = '{}' THEN
            action := CASE WHEN v_group.n_rows IS NULL THEN 'noop' ELSE 'revise' END;
            dirty_from := NULL;
            RETURN NEXT;
            DELETE FROM bars_pending AS p WHERE p.id = p_id AND p.bar_group = v_group.bar_group;
            DELETE FROM bars_state AS s WHERE s.id = p_id AND s.bar_group = v_group.bar_group;
            CONTINUE;
        END IF;
        dirty_from := CASE
            WHEN p_full OR p_rezone OR v_group.n_rows IS NULL OR NOT v_group.refreshed <@ v_group.tfs
                THEN p_first
            WHEN v_group.refreshed <> '{}' THEN least(v_group.dirty_from, v_group.pending_from)
        END;
        action := CASE
            WHEN p_full OR p_rezone OR v_group.n_rows IS NULL OR NOT v_group.refreshed <@ v_group.tfs
                THEN 'rebuild'
            WHEN v_group.refreshed <> '{}' AND v_group.first_ts <> p_first THEN 'backfill'
            WHEN v_group.refreshed <> '{}' AND dirty_from > v_group.last_ts THEN 'append'
            WHEN v_group.refreshed = '{}' AND v_group.tfs = v_group.due THEN 'noop'
            ELSE 'revise'
        END;
        IF v_group.is_due AND action IN ('noop', 'append', 'revise') THEN
            action := 'revise';
            dirty_from := least(dirty_from, v_group.touched_from);
        END IF;
        RETURN NEXT;
        CONTINUE WHEN v_group.n_rows IS NOT NULL AND v_group.refreshed = '{}' AND v_group.tfs = v_group.due
            AND NOT v_group.is_due;

        IF p_tfs IS NOT NULL AND NOT p_rezone AND v_group.dirty_from IS NOT NULL
            AND v_group.refreshed <> '{}' THEN
            INSERT INTO bars_pending AS p (id, tf, bar_group, dirty_from, first_ts, last_ts)
            SELECT p_id, t.tf, v_group.bar_group, v_group.dirty_from, v_group.first_ts, v_group.last_ts
            FROM unnest(v_group.due) AS t (tf)
            WHERE t.tf = ANY(v_group.tfs) AND NOT t.tf = ANY(v_group.refreshed)
            ON CONFLICT (id, tf) DO UPDATE SET dirty_from = least(p.dirty_from, excluded.dirty_from);
        END IF;
        DELETE FROM bars_pending AS p
        WHERE
            p.id = p_id AND p.bar_group = v_group.bar_group
            AND (p.tf = ANY(v_group.refreshed) OR NOT p.tf = ANY(v_group.due));

        IF v_group.refreshed = '{}' AND v_group.n_rows IS NOT NULL AND NOT v_group.is_due THEN
            UPDATE bars_state AS s SET tfs = v_group.due, updated_at = v_now
            WHERE s.id = p_id AND s.bar_group = v_group.bar_group;
            CONTINUE;
        END IF;
        INSERT INTO bars_state AS s (
            id, bar_group, tz, tfs, first_ts, last_ts, n_rows, dirty_from, updated_at, first_day,
            session_before, missing_days, extra_days, calendar, calendar_version)
        VALUES (p_id, v_group.bar_group, p_tz, v_group.due, p_first, p_last, p_rows, NULL, v_now,
            v_first_day, p_sessions.session_before, p_sessions.missing_days, p_sessions.extra_days,
            p_sessions.calendar, p_sessions.version)
        ON CONFLICT (id, bar_group) DO UPDATE SET
            tz = excluded.tz, tfs = excluded.tfs, first_ts = excluded.first_ts, last_ts = excluded.last_ts,
            n_rows = excluded.n_rows, dirty_from = NULL, updated_at = excluded.updated_at,
            first_day = excluded.first_day, session_before = excluded.session_before,
            missing_days = excluded.missing_days, extra_days = excluded.extra_days,
            calendar = excluded.calendar, calendar_version = excluded.calendar_version;

        IF v_group.bar_group = ANY(v_rezoned) AND v_group.bar_group <> 'multi_tf' THEN
            v_group.changed := '-infinity';
        ELSIF action <> 'rebuild' THEN
            -- Days marked the EMAs themselves; only what the calendar moved is new to them.
            v_group.changed := least(v_group.pending_from, v_group.reclosed_from);
        END IF;
        IF v_group.closing IS NOT NULL OR v_group.changed IS NOT NULL THEN
            UPDATE emas_state AS s SET
                hidden_from = least(s.hidden_from, v_group.closing, v_group.changed),
                dirty_from = least(s.dirty_from, v_group.changed)
            WHERE
                s.id = p_id
                AND s.ema_group = ANY(CASE WHEN v_group.bar_group = 'multi_tf'
                    THEN ARRAY['multi_tf', 'multi_tf_v2'] ELSE ARRAY[v_group.bar_group] END);
        END IF;
    END LOOP;
END;
$$;
