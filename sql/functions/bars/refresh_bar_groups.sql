-- refresh_bar_groups: bring some groups of bars of one asset up to date with its validated days.
--   p_id        asset id
--   p_tz        the asset's zone, which its days stand in
--   p_wanted    the groups of bars that are asked for
--   p_is_locked the call holds the asset's lock already, so that nothing can change any more
--   p_full      build from nothing
--   p_tfs       only these timeframes (NULL: all due)
--   p_include_non_canonical  timeframes that aren't canonical are due too
-- Returns   a row per group with something to do, wanted or not: action, dirty_from, bars_written,
--           bars_deleted.
-- Errors    TA010, TA030.   Locks  the asset's row in cmc_price_bars_1d_state.
-- Cost      nothing to do: one look at the states and the catalogue; a few new days: append_bars; days of the
--           calendar that changed: reshape_bars; else build_bars.
-- Rule      does what bar_work decides, under the asset's lock. Bars, state and what is marked of them
--           change together.
CREATE OR REPLACE FUNCTION refresh_bar_groups(
    p_id int, p_tz text, p_wanted text[], p_is_locked boolean, p_full boolean, p_tfs text[],
    p_include_non_canonical boolean)
RETURNS TABLE (bar_group text, action text, dirty_from timestamptz, bars_written int, bars_deleted int)
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
DECLARE
    v_days day_facts := days_standing(p_id, p_tz);
    v_version int;
    v_work bar_work[];
    v_sessions asset_sessions;
BEGIN
    IF v_days.calendar IS NOT NULL THEN
        v_version := (SELECT a.version FROM calendars_applied AS a WHERE a.calendar = v_days.calendar);
    END IF;
    -- An edited calendar is seen at once; then what there is to do is decided under the lock alone.
    IF NOT p_is_locked AND v_days.calendar IS NOT NULL AND NOT v_days.is_empty THEN
        PERFORM 1 FROM calendar_days_due AS c WHERE c.id = p_id AND c.bar_group = ANY(p_wanted);
        IF FOUND THEN
            PERFORM lock_asset(p_id, p_tz);
            v_days := days_standing(p_id, p_tz);
            p_is_locked := true;
        END IF;
    END IF;
    v_work := ARRAY(
        SELECT w FROM bar_work(ARRAY[v_days], p_wanted, p_full, p_tfs, p_include_non_canonical) AS w
        WHERE w.action IS NOT NULL);
    IF v_work = '{}' THEN
        RETURN;
    END IF;
    IF NOT p_is_locked THEN
        PERFORM lock_asset(p_id, CASE WHEN NOT v_days.is_empty THEN p_tz END);
        v_days := days_standing(p_id, p_tz);
        v_work := ARRAY(
            SELECT w FROM bar_work(ARRAY[v_days], p_wanted, p_full, p_tfs, p_include_non_canonical) AS w
            WHERE w.action IS NOT NULL);
    END IF;
    IF v_days.is_empty THEN
        RETURN QUERY
        SELECT * FROM remove_bars(p_id, ARRAY(SELECT w.bar_group FROM unnest(v_work) AS w));
        RETURN;
    END IF;
    IF v_days.calendar IS NOT NULL THEN
        v_sessions := sessions_of_asset(
            p_id, CASE WHEN NOT p_full AND NOT EXISTS (SELECT 1 FROM unnest(v_work) AS w WHERE w.is_recast)
                THEN p_wanted END);
    END IF;
    IF v_version < v_sessions.version THEN
        -- Applied since what there is to do was decided: the next refresh looks at those days again.
        v_sessions.version := v_version;
    END IF;
    IF p_tfs IS NULL AND NOT p_full AND NOT EXISTS (
        SELECT 1 FROM unnest(v_work) AS w
        WHERE
            w.action <> 'append' OR w.tfs <> w.due OR w.n_rows <> v_days.n_rows - 1
            OR w.state_dirty_from IS DISTINCT FROM v_days.last_ts OR w.pending_from IS NOT NULL
            OR w.changed_days IS NOT NULL)
    THEN
        RETURN QUERY SELECT * FROM append_bar_groups(p_id, v_days, v_work, v_sessions);
        RETURN;
    END IF;
    IF p_tfs IS NULL AND NOT p_full AND only_days_changed(p_id, v_days, v_work) THEN
        RETURN QUERY SELECT * FROM reshape_bar_groups(p_id, v_work, v_sessions);
        RETURN;
    END IF;
    PERFORM check_bar_states(p_id, v_days, v_work, p_full);
    RETURN QUERY SELECT * FROM record_bars(
        p_id, v_days, v_work, v_sessions, p_tfs,
        drop_bars(p_id, v_work) || take_up_days(p_id, v_days, v_work, v_sessions, p_full, p_tfs));
END;
$$;
