-- refresh_bar_groups: bring some groups of bars of one asset up to date with its validated days.
--   p_id      asset id
--   p_groups  multi_tf, cal_us, cal_iso, cal, cal_anchor_us, cal_anchor_iso, cal_anchor
--   p_tz      the asset's zone; p_rezone: it is another one than the groups were built with
--   p_full    build from nothing
--   p_tfs     only these timeframes (NULL: all due)
--   p_include_non_canonical  timeframes that aren't canonical are due too
-- Returns   a row per group: action, dirty_from, bars_written, bars_deleted.
-- Errors    TA010, TA030.   Locks  the asset's row in cmc_price_bars_1d_state.
-- Cost      as refresh_bars.
-- Rule      due are canonical timeframes and those already built; a new one is built alone, a deleted one removed.
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
    v_work text[];
    v_now timestamptz := now();
    v_touched boolean;
BEGIN
    SELECT d.bar_seq, d."timestamp" INTO v_rows, v_last
    FROM cmc_price_bars_1d AS d WHERE d.id = p_id ORDER BY d.bar_seq DESC LIMIT 1;

    -- Which groups have anything to do.
    SELECT array_agg(g.bar_group ORDER BY g.ordinal) INTO v_work
    FROM unnest(p_groups) WITH ORDINALITY AS g (bar_group, ordinal)
    LEFT JOIN bars_state AS s ON s.id = p_id AND s.family = g.bar_group
    WHERE
        p_full OR p_rezone
        OR (s.id IS NULL AND v_rows IS NOT NULL)
        OR s.dirty_from IS NOT NULL
        OR (s.id IS NOT NULL AND v_rows IS NULL)
        OR s.n_rows IS DISTINCT FROM v_rows OR s.last_ts IS DISTINCT FROM v_last
        OR EXISTS (SELECT FROM bars_pending AS p WHERE p.id = p_id AND p.family = g.bar_group)
        OR s.tfs IS DISTINCT FROM due_timeframes(g.bar_group, s.tfs, p_tfs, p_include_non_canonical, false);
    IF v_work IS NULL THEN
        RETURN QUERY SELECT g.bar_group, 'noop', NULL::timestamptz, 0, 0 FROM unnest(p_groups) AS g (bar_group);
        RETURN;
    END IF;
    PERFORM FROM cmc_price_bars_1d_state AS s WHERE s.id = p_id FOR UPDATE;
    IF NOT FOUND AND v_rows IS NOT NULL THEN
        INSERT INTO cmc_price_bars_1d_state AS s (id, last_run_ts) VALUES (p_id, v_now) ON CONFLICT (id) DO NOTHING;
        PERFORM FROM cmc_price_bars_1d_state AS s WHERE s.id = p_id FOR UPDATE;
    END IF;
    SELECT d.bar_seq, d."timestamp" INTO v_rows, v_last
    FROM cmc_price_bars_1d AS d WHERE d.id = p_id ORDER BY d.bar_seq DESC LIMIT 1;
    SELECT d."timestamp" INTO v_first FROM cmc_price_bars_1d AS d WHERE d.id = p_id AND d.bar_seq = 1;

    IF v_rows IS NULL THEN
        FOREACH bar_group IN ARRAY p_groups LOOP
            v_touched := EXISTS (SELECT FROM bars_state AS s WHERE s.id = p_id AND s.family = bar_group);
            WITH gone AS (
                DELETE FROM bars AS b USING unnest(coalesce((
                    SELECT s.tfs FROM bars_state AS s WHERE s.id = p_id AND s.family = refresh_bar_groups.bar_group
                ), '{}')) AS t (tf)
                WHERE b.id = p_id AND b.tf = t.tf RETURNING b.id
            )
            SELECT count(*) INTO bars_deleted FROM gone;
            WITH stray AS (
                DELETE FROM bars AS b USING dim_timeframe AS t
                WHERE b.id = p_id AND b.tf = t.tf AND t.bar_group = refresh_bar_groups.bar_group RETURNING b.id
            )
            SELECT bars_deleted + count(*) INTO bars_deleted FROM stray;
            DELETE FROM bars_pending AS p WHERE p.id = p_id AND p.family = refresh_bar_groups.bar_group;
            DELETE FROM bars_state AS s WHERE s.id = p_id AND s.family = refresh_bar_groups.bar_group;
            action := CASE WHEN v_touched OR bars_deleted > 0 THEN 'revise' ELSE 'noop' END;
            dirty_from := NULL;
            bars_written := 0;
            RETURN NEXT;
        END LOOP;
        RETURN;
    END IF;

    FOREACH bar_group IN ARRAY p_groups LOOP
        action := 'noop'; dirty_from := NULL; bars_written := 0; bars_deleted := 0;
        IF NOT bar_group = ANY(v_work) THEN
            RETURN NEXT;
            CONTINUE;
        END IF;
        SELECT * FROM refresh_bar_group(
            p_id, bar_group, p_tz, p_rezone, p_full, p_tfs, p_include_non_canonical, v_rows, v_first, v_last)
        INTO action, dirty_from, bars_written, bars_deleted;
        RETURN NEXT;
    END LOOP;
END;
$$;
