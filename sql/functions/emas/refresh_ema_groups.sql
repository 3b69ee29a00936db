-- refresh_ema_groups: bring some groups of EMA vectors of one asset up to date with its bars and days.
--   p_id      asset id
--   p_groups  names as in emas_state.ema_group
--   p_full    build from nothing
--   p_tfs     only these timeframes (NULL: all due)
-- Returns   a row per group: action, dirty_from, series (live ones afterwards), vectors_written.
-- Errors    TA020, TA030.   Locks  the asset's row in cmc_price_bars_1d_state.
-- Cost      nothing to do: one look at the states and the catalogue; a few new days: append_emas; else
--           build_emas.
-- Rule      vectors, state and what is shown change together. Timeframes whose bars lag behind the days keep
--           waiting.
CREATE OR REPLACE FUNCTION refresh_ema_groups(p_id int, p_groups text[], p_full boolean, p_tfs text[])
RETURNS TABLE (ema_group text, action text, dirty_from timestamptz, series int, vectors_written int)
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
DECLARE
    v_periods int[];
    v_rows int;
    v_first timestamptz;
    v_last timestamptz;
    v_apart boolean;
    v_removed int;
    v_ema_groups text[];
    v_tfs text[];
    v_from_rows int[];
    v_appends boolean[];
    v_append_from int;
    v_call record;
    v_done record;
    v_done_groups text[] := '{}';
    v_done_tfs text[] := '{}';
    v_done_written int[] := '{}';
    v_live_tfs text[] := '{}';
    v_live_lengths int[] := '{}';
BEGIN
    SELECT array_agg(p.period ORDER BY p.period) INTO v_periods FROM dim_period AS p;
    IF v_periods IS NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'TA020', MESSAGE = 'dim_period is empty', DETAIL = 'EMAs need at least one period.',
            HINT = 'INSERT INTO dim_period (period) VALUES (21);';
    END IF;
    SELECT d.bar_seq, d."timestamp" INTO v_rows, v_last
    FROM cmc_price_bars_1d AS d WHERE d.id = p_id ORDER BY d.bar_seq DESC LIMIT 1;
    -- Where the states say that all is done, there is nothing to do.
    IF NOT p_full AND v_rows IS NOT NULL AND NOT EXISTS (
        SELECT 1
        FROM (
            SELECT u.ema_group, CASE u.ema_group WHEN 'multi_tf_v2' THEN 'multi_tf'
                ELSE u.ema_group END AS bar_group
            FROM unnest(p_groups) AS u (ema_group)
        ) AS g
        LEFT JOIN emas_state AS e ON e.id = p_id AND e.ema_group = g.ema_group
        LEFT JOIN bars_state AS s ON s.id = p_id AND s.bar_group = g.bar_group
        WHERE
            e.tfs IS DISTINCT FROM CASE WHEN g.bar_group = 'multi_tf' THEN ARRAY['1D'] || s.tfs ELSE s.tfs END
            OR e.dirty_from IS NOT NULL OR e.periods <> v_periods OR e.n_rows <> v_rows OR e.last_ts <> v_last
    ) AND NOT EXISTS (SELECT 1 FROM emas_pending AS q WHERE q.id = p_id)
    THEN
        RETURN QUERY
        SELECT g.ema_group, 'noop', NULL::timestamptz, coalesce(s.series, 0), 0
        FROM unnest(p_groups) AS g (ema_group) LEFT JOIN emas_state AS s ON s.id = p_id
            AND s.ema_group = g.ema_group;
        RETURN;
    END IF;

    PERFORM FROM cmc_price_bars_1d_state AS s WHERE s.id = p_id FOR UPDATE;
    IF v_rows IS NULL THEN
        FOR v_call IN
            SELECT g.ema_group, g.bar_group, g.tfs IS NOT NULL AS known, g.tfs
            FROM ema_groups_due(p_id, p_groups) AS g
        LOOP
            v_tfs := v_call.tfs
                || ARRAY(SELECT t.tf FROM dim_timeframe AS t WHERE t.bar_group = v_call.bar_group);
            v_removed := remove_emas(p_id, v_call.ema_group, v_tfs);
            DELETE FROM emas_pending AS p WHERE p.id = p_id AND p.ema_group = v_call.ema_group;
            DELETE FROM emas_state AS s WHERE s.id = p_id AND s.ema_group = v_call.ema_group;
            RETURN QUERY SELECT
                v_call.ema_group, CASE WHEN v_call.known OR v_removed > 0 THEN 'revise' ELSE 'noop' END,
                NULL::timestamptz, 0, 0;
        END LOOP;
        RETURN;
    END IF;
    SELECT d.bar_seq, d."timestamp" INTO v_rows, v_last
    FROM cmc_price_bars_1d AS d WHERE d.id = p_id ORDER BY d.bar_seq DESC LIMIT 1;
    SELECT d."timestamp" INTO v_first FROM cmc_price_bars_1d AS d WHERE d.id = p_id AND d.bar_seq = 1;
    IF NOT p_full AND p_tfs IS NULL THEN
        RETURN QUERY SELECT * FROM append_ema_groups(p_id, p_groups, v_periods, v_rows, v_first, v_last);
        IF FOUND THEN
            RETURN;
        END IF;
    END IF;
    IF NOT p_full THEN
        FOR v_call IN SELECT * FROM ema_groups_due(p_id, p_groups) LOOP
            IF v_call.tfs IS NULL THEN
                IF EXISTS (
                    SELECT 1 FROM emas AS e
                    WHERE e.id = p_id AND e.tf = ANY(v_call.due)
                        AND CASE WHEN v_call.ema_group = 'multi_tf_v2' THEN e.day_space ELSE e.bar_space END
                            IS NOT NULL)
                THEN
                    PERFORM raise_emas_differ(p_id, v_call.ema_group);
                END IF;
            ELSIF v_call.dirty_from IS NULL
                AND ROW(v_call.n_rows, v_call.first_ts, v_call.last_ts)
                IS DISTINCT FROM ROW(v_rows, v_first, v_last)
            THEN
                PERFORM raise_emas_differ(p_id, v_call.ema_group);
            END IF;
        END LOOP;
    END IF;

    -- What is to be computed. Vectors that serve two variants take new days one by one only if both stand
    -- alike.
    SELECT count(DISTINCT o.n_rows) > 1 OR NOT bool_and(o.ema_group = ANY(p_groups)) INTO v_apart
    FROM emas_state AS o WHERE o.id = p_id AND o.ema_group IN ('multi_tf', 'multi_tf_v2');
    SELECT
        array_agg(w.ema_group), array_agg(w.tf), array_agg(w.appends), min(w.n_rows) FILTER (WHERE w.appends),
        array_agg(CASE
            WHEN w.from_ts = '-infinity' THEN 1
            WHEN w.appends THEN w.n_rows + 1
            ELSE coalesce(row_from(p_id, w.from_ts), v_rows + 1)
        END)
    INTO v_ema_groups, v_tfs, v_appends, v_append_from, v_from_rows
    FROM (
        SELECT
            q.ema_group, q.tf, q.from_ts, q.n_rows,
            q.appends AND q.first_ts = v_first AND v_rows - q.n_rows BETWEEN 1 AND 8
            AND q.n_rows = min(q.n_rows) FILTER (WHERE q.appends) OVER ()
            AND (NOT q.by_rows OR v_apart IS NOT TRUE) AS appends
        FROM ema_timeframes_to_refresh(p_id, p_groups, v_periods, p_full, p_tfs) AS q
    ) AS w;

    IF v_append_from IS NOT NULL THEN
        FOR v_row IN v_append_from + 1 .. v_rows LOOP
            FOR v_call IN
                SELECT array_agg(c.tf) AS tfs, c.in_bar_space, c.in_day_space
                FROM (
                    SELECT
                        u.tf, bool_or(u.ema_group <> 'multi_tf_v2') AS in_bar_space,
                        bool_or(u.ema_group <> 'multi_tf') AS in_day_space
                    FROM unnest(v_ema_groups, v_tfs, v_appends) AS u (ema_group, tf, appends)
                    WHERE u.appends GROUP BY u.tf
                ) AS c
                GROUP BY c.in_bar_space, c.in_day_space
            LOOP
                SELECT * INTO v_done FROM append_emas(
                    p_id, v_periods, v_call.tfs, v_row, v_call.in_bar_space,
                        v_call.in_day_space);
                v_live_tfs := v_live_tfs || v_done.tfs;
                v_live_lengths := v_live_lengths || v_done.lengths;
                -- A bar that takes several of the new days counts once.
                SELECT
                    v_done_groups || array_agg(x.ema_group), v_done_tfs || array_agg(x.tf),
                    v_done_written || array_agg(x.n)
                INTO v_done_groups, v_done_tfs, v_done_written
                FROM (
                    SELECT
                        u.ema_group, u.tf,
                        (d.begins OR v_row = v_append_from + 1)::int + (u.tf = ANY(v_done.twice))::int AS n
                    FROM unnest(v_done.tfs, v_done.begins) AS d (tf, begins)
                    INNER JOIN unnest(v_ema_groups, v_tfs) AS u (ema_group, tf) ON u.tf = d.tf
                ) AS x;
            END LOOP;
        END LOOP;
    END IF;

    FOR v_call IN
        SELECT array_agg(c.tf ORDER BY c.tf) AS tfs, array_agg(c.from_row ORDER BY c.tf) AS from_rows,
            c.in_bar_space, c.in_day_space
        FROM (
            SELECT
                u.tf, min(u.from_row) AS from_row, bool_or(u.ema_group <> 'multi_tf_v2') AS in_bar_space,
                bool_or(u.ema_group <> 'multi_tf') AS in_day_space
            FROM unnest(v_ema_groups, v_tfs, v_appends, v_from_rows) AS u (ema_group, tf, appends, from_row)
            WHERE NOT u.appends GROUP BY u.tf
        ) AS c
        GROUP BY c.in_bar_space, c.in_day_space
    LOOP
        SELECT
            v_done_groups || array_agg(u.ema_group), v_done_tfs || array_agg(u.tf),
            v_done_written || array_agg(
                CASE u.ema_group
                    WHEN 'multi_tf_v2' THEN b.day_written WHEN 'multi_tf' THEN b.bar_written
                    ELSE greatest(b.bar_written, b.day_written)
                END)
        INTO v_done_groups, v_done_tfs, v_done_written
        FROM build_emas(
            p_id, v_periods, v_call.tfs, v_call.from_rows, v_call.in_bar_space, v_call.in_day_space) AS b
        INNER JOIN unnest(v_ema_groups, v_tfs) AS u (ema_group, tf) ON u.tf = b.tf;
    END LOOP;

    RETURN QUERY SELECT * FROM record_emas(
        p_id, p_groups, v_periods, p_full, p_tfs, v_rows, v_first, v_last, v_ema_groups, v_tfs,
        v_done_groups, v_done_tfs, v_done_written,
        CASE WHEN v_append_from IS NOT NULL THEN v_live_tfs END, v_live_lengths);
END;
$$;
