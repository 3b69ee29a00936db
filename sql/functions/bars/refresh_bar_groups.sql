-- refresh_bar_groups: bring some groups of bars of one asset up to date with its validated days.
--   p_id      asset id
--   p_groups  multi_tf, cal_us, cal_iso, cal, cal_anchor_us, cal_anchor_iso, cal_anchor
--   p_tz      the asset's zone; p_rezone: it, or the calendar, is another one than the groups were built with
--   p_full    build from nothing
--   p_tfs     only these timeframes (NULL: all due)
--   p_include_non_canonical  timeframes that aren't canonical are due too
-- Returns   a row per group: action, dirty_from, bars_written, bars_deleted.
-- Errors    TA010, TA030.   Locks  the asset's row in cmc_price_bars_1d_state.
-- Cost      nothing to do: one look at the states and the catalogue; a few new days: append_bars; days of the
--           calendar that changed: reshape_bars; else build_bars.
-- Rule      due are canonical timeframes and those already built; a new one is built alone, a deleted one
--           removed. Bars, state and what is handed on to the EMAs change together.
CREATE OR REPLACE FUNCTION refresh_bar_groups(
    p_id int, p_groups text[], p_tz text, p_rezone boolean, p_full boolean, p_tfs text[],
    p_include_non_canonical boolean)
RETURNS TABLE (bar_group text, action text, dirty_from timestamptz, bars_written int, bars_deleted int)
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
DECLARE
    v_rows int;
    v_first timestamptz;
    v_last timestamptz;
    v_work boolean;
    v_now timestamptz := now();
    v_tfs text[];
    v_append_tfs text[];
    v_append_from int;
    v_build_tfs text[];
    v_build_rows int[];
    v_done_tfs text[] := '{}';
    v_written int[] := '{}';
    v_deleted int[] := '{}';
    v_closing timestamptz[] := '{}';
    v_changed timestamptz[] := '{}';
    v_dropped text[];
    v_more record;
    v_one_day boolean := false;
    v_built int;
    v_sessions asset_sessions;
    v_due_groups text[];
    v_due_days date[];
    v_touched_tfs text[];
    v_moved text[] := '{}';
    v_reclosed_tfs text[] := '{}';
    v_reclosed_from timestamptz[] := '{}';
    v_touched_from timestamptz[];
BEGIN
    SELECT d.bar_seq, d."timestamp" INTO v_rows, v_last
    FROM cmc_price_bars_1d AS d WHERE d.id = p_id ORDER BY d.bar_seq DESC LIMIT 1;
    SELECT d."timestamp" INTO v_first FROM cmc_price_bars_1d AS d WHERE d.id = p_id AND d.bar_seq = 1;
    IF NOT p_full AND NOT p_rezone THEN
        SELECT array_agg(DISTINCT c.bar_group), array_agg(DISTINCT u.day) INTO v_due_groups, v_due_days
        FROM calendar_days_due AS c CROSS JOIN LATERAL unnest(c.days) AS u (day)
        WHERE c.id = p_id AND c.bar_group = ANY(p_groups);
    END IF;
    IF p_full OR p_rezone OR v_rows IS NULL THEN
        v_work := v_rows IS NOT NULL
            OR EXISTS (SELECT 1 FROM bars_state AS s WHERE s.id = p_id AND s.bar_group = ANY(p_groups))
            OR EXISTS (SELECT 1 FROM bars AS b WHERE b.id = p_id);
    ELSE
        WITH groups AS MATERIALIZED (
            SELECT * FROM bar_groups_due(p_id, p_groups, p_tfs, p_include_non_canonical, false)
        )
        SELECT
            coalesce(bool_or(
                coalesce(p.tfs, '{}') <> p.due OR p.dirty_from IS NOT NULL OR p.waiting
                OR (p.due <> '{}'
                    AND ROW(p.n_rows, p.first_ts, p.last_ts) IS DISTINCT FROM ROW(v_rows, v_first, v_last))
            ), false),
            p_tfs IS NULL AND coalesce(bool_and(
                p.due = coalesce(p.tfs, '{}') AND NOT p.waiting AND (p.due = '{}' OR (
                    p.dirty_from = v_last AND ROW(p.n_rows, p.first_ts) IS NOT DISTINCT FROM ROW(v_rows - 1,
                        v_first)))
            ), false),
            count(p.n_rows), ARRAY(SELECT t.tf FROM groups AS g CROSS JOIN LATERAL unnest(g.due) AS t (tf))
        INTO v_work, v_one_day, v_built, v_tfs
        FROM groups AS p;
    END IF;
    IF NOT v_work AND v_due_groups IS NULL THEN
        RETURN QUERY
        SELECT g.bar_group, 'noop', NULL::timestamptz, 0, 0
        FROM unnest(p_groups) AS g (bar_group);
        RETURN;
    END IF;

    IF v_rows IS NULL THEN
        RETURN QUERY SELECT * FROM remove_bars(p_id, p_groups);
        RETURN;
    END IF;
    PERFORM FROM cmc_price_bars_1d_state AS s WHERE s.id = p_id FOR UPDATE;
    IF NOT FOUND THEN
        INSERT INTO cmc_price_bars_1d_state AS s (id, last_run_ts, tz) VALUES (p_id, v_now, p_tz)
        ON CONFLICT (id) DO NOTHING;
        PERFORM FROM cmc_price_bars_1d_state AS s WHERE s.id = p_id FOR UPDATE;
    END IF;
    SELECT d.bar_seq, d."timestamp" INTO v_rows, v_last
    FROM cmc_price_bars_1d AS d WHERE d.id = p_id ORDER BY d.bar_seq DESC LIMIT 1;
    SELECT d."timestamp" INTO v_first FROM cmc_price_bars_1d AS d WHERE d.id = p_id AND d.bar_seq = 1;
    v_sessions := sessions_of_asset(p_id, CASE WHEN NOT p_full AND NOT p_rezone THEN p_groups END);
    -- The daily case needs no closer look, unless somebody else was there before the lock.
    IF v_one_day AND v_due_groups IS NULL AND v_built = (
        SELECT count(*) FROM bars_state AS s
        WHERE s.id = p_id AND s.bar_group = ANY(p_groups) AND s.n_rows = v_rows - 1 AND s.dirty_from = v_last)
    THEN
        RETURN QUERY SELECT * FROM append_bar_groups(
            p_id, p_groups, v_tfs, v_rows, v_last, v_sessions);
        RETURN;
    END IF;

    IF NOT p_full AND NOT p_rezone THEN
        FOR v_more IN
            SELECT * FROM bar_groups_due(p_id, p_groups, p_tfs, p_include_non_canonical, false)
        LOOP
            IF v_more.n_rows IS NULL THEN
                IF EXISTS (SELECT 1 FROM bars AS b WHERE b.id = p_id AND b.tf = ANY(v_more.due)) THEN
                    PERFORM raise_bars_differ(p_id, v_more.bar_group);
                END IF;
            ELSIF v_more.due <> '{}' AND v_more.dirty_from IS NULL
                AND ROW(v_more.n_rows, v_more.first_ts, v_more.last_ts)
                IS DISTINCT FROM ROW(v_rows, v_first, v_last)
            THEN
                PERFORM raise_bars_differ(p_id, v_more.bar_group);
            END IF;
        END LOOP;
    END IF;

    -- Timeframes that are no longer due.
    SELECT array_agg(t.tf) INTO v_dropped
    FROM bar_groups_due(p_id, p_groups, p_tfs, p_include_non_canonical, p_full AND p_tfs IS NULL) AS p
    CROSS JOIN LATERAL unnest(p.tfs) AS t (tf)
    WHERE NOT t.tf = ANY(p.due);
    IF v_dropped IS NOT NULL THEN
        WITH gone AS (
            DELETE FROM bars AS b WHERE b.id = p_id AND b.tf = ANY(v_dropped) RETURNING b.tf
        ), counted AS (
            SELECT g.tf, count(*)::int AS n FROM gone AS g GROUP BY g.tf
        )
        SELECT
            array_agg(c.tf), array_agg(0), array_agg(c.n),
            array_agg(NULL::timestamptz), array_agg(NULL::timestamptz)
        INTO v_done_tfs, v_written, v_deleted, v_closing, v_changed
        FROM counted AS c;
        DELETE FROM bar_blocks AS h WHERE h.id = p_id AND h.tf = ANY(v_dropped);
    END IF;

    IF v_due_groups IS NOT NULL THEN
        v_moved := ARRAY(
            SELECT t.tf
            FROM bars_state AS s
            INNER JOIN dim_timeframe AS t ON t.bar_group = s.bar_group AND t.tf = ANY(s.tfs)
            WHERE
                s.id = p_id AND s.bar_group = ANY(v_due_groups)
                AND first_unit(t.unit_kind, t.tf_qty, t.allow_partial_start, s.first_day, s.session_before)
                <> first_unit(
                    t.unit_kind, t.tf_qty, t.allow_partial_start, s.first_day, v_sessions.session_before));
    END IF;

    -- What is to be computed: new days onto complete bars, or from a row on.
    SELECT
        array_agg(w.tf ORDER BY w.ordinal),
        array_agg(w.tf ORDER BY w.ordinal) FILTER (WHERE w.appends),
        min(w.n_rows) FILTER (WHERE w.appends),
        array_agg(w.tf ORDER BY w.ordinal) FILTER (WHERE NOT w.appends),
        array_agg(CASE WHEN w.from_ts = '-infinity' THEN 1 ELSE coalesce(
            row_from(p_id, w.from_ts), v_rows + 1) END ORDER BY w.ordinal) FILTER (WHERE NOT w.appends)
    INTO v_tfs, v_append_tfs, v_append_from, v_build_tfs, v_build_rows
    FROM (
        SELECT
            q.*,
            q.from_ts > q.last_ts AND NOT q.is_new AND q.pending_from IS NULL AND q.first_ts = v_first
            AND q.n_rows = q.most_rows AND v_rows - q.n_rows BETWEEN 1 AND 8 AS appends
        FROM (
            SELECT *, max(n.n_rows) OVER () AS most_rows
            FROM bar_timeframes_to_refresh(
                p_id, p_groups, p_rezone, p_full, p_tfs, p_include_non_canonical, v_moved) AS n
        ) AS q
    ) AS w;

    IF v_append_tfs IS NOT NULL THEN
        FOR v_row IN v_append_from + 1 .. v_rows LOOP
            SELECT
                array_agg(a.tf) AS tfs, array_agg(a.bars_written) AS n,
                array_agg(a.closing_from) AS closing, array_agg(a.changed_from) AS changed
            INTO v_more FROM append_bars(p_id, v_append_tfs, v_row, v_sessions) AS a;
            CONTINUE WHEN v_more.tfs IS NULL;
            IF v_row = v_append_from + 1 THEN
                v_done_tfs := v_done_tfs || v_more.tfs;
                v_written := v_written || v_more.n;
            ELSE
                -- A bar that takes several of the new days counts once: here only bars that begin.
                v_done_tfs := v_done_tfs || v_more.tfs;
                v_written := v_written || ARRAY(
                    SELECT (b.first_row = v_row)::int
                    FROM unnest(v_more.tfs) WITH ORDINALITY AS m (tf, ordinal)
                    INNER JOIN bars AS b ON b.id = p_id AND b.tf = m.tf AND b.last_row = v_row
                    ORDER BY m.ordinal);
            END IF;
            v_deleted := v_deleted || array_fill(0, ARRAY[cardinality(v_more.tfs)]);
            v_closing := v_closing || v_more.closing;
            v_changed := v_changed || v_more.changed;
            v_reclosed_tfs := v_reclosed_tfs || v_more.tfs;
            v_reclosed_from := v_reclosed_from || v_more.changed;
        END LOOP;
        IF block_of_row(v_rows) > block_of_row(v_append_from) THEN
            PERFORM keep_bar_blocks(
                p_id, v_append_tfs, array_fill(v_append_from + 1, ARRAY[cardinality(v_append_tfs)]));
        END IF;
    END IF;
    IF v_build_tfs IS NOT NULL THEN
        SELECT
            array_agg(b.tf) AS tfs, array_agg(b.bars_written) AS written,
            array_agg(b.bars_deleted) AS deleted,
            array_agg(b.closing_from) AS closing, array_agg(b.changed_from) AS changed
        INTO v_more FROM build_bars(p_id, v_build_tfs, v_build_rows, v_sessions) AS b;
        PERFORM keep_bar_blocks(p_id, v_build_tfs, v_build_rows);
        IF v_more.tfs IS NOT NULL THEN
            v_done_tfs := v_done_tfs || v_more.tfs;
            v_written := v_written || v_more.written;
            v_deleted := v_deleted || v_more.deleted;
            v_closing := v_closing || v_more.closing;
            v_changed := v_changed || v_more.changed;
        END IF;
    END IF;

    IF v_due_groups IS NOT NULL THEN
        v_touched_tfs := ARRAY(
            SELECT t.tf FROM bars_state AS s CROSS JOIN LATERAL unnest(s.tfs) AS t (tf)
            WHERE s.id = p_id AND s.bar_group = ANY(v_due_groups) AND t.tf = ANY(v_build_tfs) IS NOT TRUE);
        SELECT
            array_agg(b.tf) AS tfs, array_agg(b.bars_written) AS written, array_agg(0) AS deleted,
            array_agg(b.closing_from) AS closing, array_agg(b.changed_from) AS changed,
            array_agg(b.touched_from) AS touched
        INTO v_more
        FROM reshape_bars(p_id, v_touched_tfs, v_due_days, v_sessions) AS b;
        v_touched_tfs := v_more.tfs;
        IF v_more.tfs IS NOT NULL THEN
            v_done_tfs := v_done_tfs || v_more.tfs;
            v_written := v_written || v_more.written;
            v_deleted := v_deleted || v_more.deleted;
            v_closing := v_closing || v_more.closing;
            v_changed := v_changed || v_more.changed;
            v_reclosed_tfs := v_reclosed_tfs || v_more.tfs;
            v_reclosed_from := v_reclosed_from || v_more.changed;
            v_touched_from := v_more.touched;
        END IF;
    END IF;

    RETURN QUERY SELECT * FROM record_bars(
        p_id, p_groups, p_tz, p_rezone, p_full, p_tfs, p_include_non_canonical, v_rows, v_first, v_last,
        v_tfs, v_done_tfs, v_written, v_deleted, v_closing, v_changed, v_sessions, v_due_groups,
        v_touched_tfs, v_touched_from, v_reclosed_tfs, v_reclosed_from);
END;
$$;
