-- record_emas: note in the states what a refresh of EMAs did.
--   p_id .. p_tfs   as in refresh_ema_groups; p_periods  the periods that vectors were built with, ascending
--   p_rows, p_first, p_last   number of validated days, "timestamp" of the first and the last
--   p_ema_groups, p_tfs_refreshed   series brought up to date, as pairs
--   p_done_groups, p_done_tfs, p_done_written   vectors written, in parts
--   p_live_tfs, p_live_lengths   newest lengths known from appending (NULL: not known), the last one of a
--                                timeframe counts
-- Returns   a row per group as refresh_ema_groups.
-- Errors    none.   Cost  a row per group.
-- Rule      timeframes that the call left out keep waiting, with the periods and the last day that they stand
--           at.
CREATE OR REPLACE FUNCTION record_emas(
    p_id int, p_groups text[], p_periods int[], p_full boolean, p_tfs text[], p_rows int, p_first timestamptz,
    p_last timestamptz, p_ema_groups text[], p_tfs_refreshed text[], p_done_groups text[], p_done_tfs text[],
    p_done_written int[], p_live_tfs text[], p_live_lengths int[]
)
RETURNS TABLE (ema_group text, action text, dirty_from timestamptz, series int, vectors_written int)
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
DECLARE
    v_group record;
    v_kept text[];
    v_anew boolean;
    v_series int;
    v_now timestamptz := now();
    v_pending_groups text[];
    v_pending_tfs text[];
    v_pending_from timestamptz[];
    v_pending_hidden timestamptz[];
    v_pending_others boolean[];
BEGIN
    SELECT
        array_agg(p.ema_group), array_agg(p.tf), array_agg(p.dirty_from), array_agg(p.hidden_from),
        array_agg(p.periods <> p_periods)
    INTO v_pending_groups, v_pending_tfs, v_pending_from, v_pending_hidden, v_pending_others
    FROM emas_pending AS p WHERE p.id = p_id;
    FOR v_group IN
        SELECT
            g.*, r.refreshed, ARRAY(SELECT t.tf FROM unnest(g.tfs) AS t (tf)
                WHERE NOT t.tf = ANY(g.due)) AS dropped,
            (SELECT coalesce(sum(d.n), 0)::int FROM unnest(p_done_groups, p_done_written) AS d (ema_group, n)
                WHERE d.ema_group = g.ema_group) AS written,
            q.dirty_from AS waiting_from, q.hidden_from AS waiting_hidden, q.other_periods
        FROM ema_groups_due(p_id, p_groups) AS g
        CROSS JOIN LATERAL (
            SELECT coalesce(array_agg(u.tf), '{}') AS refreshed
            FROM unnest(p_ema_groups, p_tfs_refreshed) AS u (ema_group, tf) WHERE u.ema_group = g.ema_group
        ) AS r
        CROSS JOIN LATERAL (
            SELECT
                min(p.dirty_from) AS dirty_from, min(p.hidden_from) AS hidden_from,
                bool_or(p.other_periods) AS other_periods
            FROM unnest(
                v_pending_groups, v_pending_tfs, v_pending_from, v_pending_hidden, v_pending_others
            ) AS p (ema_group, tf, dirty_from, hidden_from, other_periods)
            WHERE p.ema_group = g.ema_group AND p.tf = ANY(r.refreshed)
        ) AS q
    LOOP
        v_anew := p_full OR v_group.tfs IS NULL OR NOT v_group.refreshed <@ v_group.tfs
            OR coalesce(v_group.other_periods, v_group.periods <> p_periods)
            -- Another zone, or days that came back after all were gone.
            OR coalesce(v_group.dirty_from = '-infinity', false);
        ema_group := v_group.ema_group;
        vectors_written := v_group.written;
        action := CASE
            WHEN v_group.refreshed = '{}' THEN 'noop'
            WHEN v_anew THEN 'rebuild'
            WHEN v_group.first_ts <> p_first THEN 'backfill'
            WHEN least(v_group.dirty_from, v_group.waiting_from) > v_group.last_ts THEN 'append'
            ELSE 'revise'
        END;
        dirty_from := CASE
            WHEN v_group.refreshed = '{}' THEN NULL
            WHEN v_anew THEN p_first
            -- A mark of -infinity means everything; users get a day that exists.
            ELSE greatest(p_first, least(
                v_group.dirty_from, v_group.hidden_from, v_group.waiting_from, v_group.waiting_hidden))
        END;
        v_kept := ARRAY(
            SELECT t.tf FROM unnest(v_group.due) AS t (tf)
            WHERE t.tf = ANY(v_group.refreshed) OR t.tf = ANY(v_group.tfs));

        IF v_group.dropped <> '{}' THEN
            PERFORM remove_emas(p_id, ema_group, v_group.dropped);
            DELETE FROM emas_pending AS p WHERE p.id = p_id AND p.ema_group = v_group.ema_group
                AND p.tf = ANY(v_group.dropped);
        END IF;
        IF v_group.refreshed <> '{}' THEN
            DELETE FROM emas_pending AS p
            WHERE p.id = p_id AND p.ema_group = v_group.ema_group AND p.tf = ANY(v_group.refreshed);
            IF v_group.dirty_from IS NOT NULL OR v_group.periods <> p_periods THEN
                INSERT INTO emas_pending AS p (id, ema_group, tf, periods, dirty_from, hidden_from, first_ts,
                    last_ts)
                SELECT
                    p_id, v_group.ema_group, t.tf, v_group.periods,
                    CASE WHEN v_group.periods <> p_periods THEN '-infinity' ELSE v_group.dirty_from END,
                    coalesce(v_group.hidden_from, 'infinity'), v_group.first_ts, v_group.last_ts
                FROM unnest(v_kept) AS t (tf)
                WHERE NOT t.tf = ANY(v_group.refreshed)
                ON CONFLICT (id, ema_group, tf) DO UPDATE SET
                    dirty_from = least(p.dirty_from, excluded.dirty_from),
                    hidden_from = least(p.hidden_from, excluded.hidden_from);
            END IF;
        END IF;

        IF v_kept = '{}' THEN
            DELETE FROM emas_state AS s WHERE s.id = p_id AND s.ema_group = v_group.ema_group;
            series := 0;
        ELSIF v_group.refreshed <> '{}' OR v_group.dropped <> '{}' THEN
            IF v_kept <@ p_live_tfs THEN
                SELECT sum(l.n) INTO v_series
                FROM (
                    SELECT DISTINCT ON (u.tf) u.tf, u.n
                    FROM unnest(p_live_tfs, p_live_lengths) WITH ORDINALITY AS u (tf, n, i)
                    WHERE u.tf = ANY(v_kept) ORDER BY u.tf, u.i DESC
                ) AS l;
            ELSE
                v_series := count_series(p_id, ema_group, v_kept);
            END IF;
            series := v_series;
            IF v_group.refreshed <> '{}' THEN
                INSERT INTO emas_state AS s (
                    id, ema_group, tz, tfs, periods, first_ts, last_ts, n_rows, series, dirty_from,
                    hidden_from, updated_at, first_day)
                VALUES (
                    p_id, v_group.ema_group, CASE WHEN v_group.bar_group <> 'multi_tf' THEN v_group.tz END,
                    v_kept, p_periods, p_first, p_last, p_rows, v_series, NULL, NULL, v_now,
                    CASE WHEN v_group.bar_group <> 'multi_tf' THEN v_group.first_day END)
                ON CONFLICT (id, ema_group) DO UPDATE SET
                    tz = excluded.tz, tfs = excluded.tfs, periods = excluded.periods,
                    first_ts = excluded.first_ts, last_ts = excluded.last_ts, n_rows = excluded.n_rows,
                    series = excluded.series,
                    dirty_from = NULL, hidden_from = NULL, updated_at = excluded.updated_at,
                    first_day = excluded.first_day;
            ELSE
                UPDATE emas_state AS s SET tfs = v_kept, series = v_series, updated_at = v_now
                WHERE s.id = p_id AND s.ema_group = v_group.ema_group;
            END IF;
        ELSE
            SELECT s.series INTO series FROM emas_state AS s WHERE s.id = p_id
                AND s.ema_group = v_group.ema_group;
            series := coalesce(series, 0);
        END IF;
        RETURN NEXT;
    END LOOP;
END;
$$;
