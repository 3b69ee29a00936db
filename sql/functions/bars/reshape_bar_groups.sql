-- reshape_bar_groups: count days anew in all bars of some groups, after past days of the calendar changed.
--   p_id, p_work   asset, and what there is to do for its bars (bar_work): only_days_changed says yes
--   p_sessions     the asset's trading calendar as applied now (sessions_of_asset)
-- Returns   a row per group as refresh_bar_groups.
-- Errors    none.   Cost  as reshape_bars, and a row of state per group.
-- Rule      the usual case of an edited calendar. Between an asset's first day and its newest no bar closes
--           or opens again and none begins elsewhere: the EMAs stay.
CREATE OR REPLACE FUNCTION reshape_bar_groups(p_id int, p_work bar_work[], p_sessions asset_sessions)
RETURNS TABLE (bar_group text, action text, dirty_from timestamptz, bars_written int, bars_deleted int)
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
DECLARE
    v_now timestamptz := now();
    v_tfs text[] := ARRAY(
        SELECT t.tf FROM unnest(p_work) AS w CROSS JOIN LATERAL unnest(w.tfs) AS t (tf));
    v_days date[] := ARRAY(
        SELECT DISTINCT u.day FROM unnest(p_work) AS w CROSS JOIN LATERAL unnest(w.changed_days) AS u (day));
    v_groups text[] := ARRAY(SELECT w.bar_group FROM unnest(p_work) AS w);
    -- In how many of the states the only day was missing: a day may have come and gone since.
    v_was_missing int;
    v_written int[];
    v_touched int[];
BEGIN
    IF cardinality(v_days) = 1 THEN
        SELECT count(*) FILTER (WHERE v_days[1] = ANY(s.missing_days)) INTO v_was_missing
        FROM bars_state AS s WHERE s.id = p_id AND s.bar_group = ANY(v_groups);
    END IF;
    -- In all of them before and in none now, or the other way round.
    IF v_was_missing + (v_days[1] = ANY((p_sessions).missing_days))::int * cardinality(v_groups)
        = cardinality(v_groups)
    THEN
        SELECT array_agg(b.tf), array_agg(1), array_agg(b.touched_row) INTO v_tfs, v_written, v_touched
        FROM recount_day(p_id, v_tfs, v_days[1], p_sessions) AS b;
    ELSE
        SELECT array_agg(b.tf), array_agg(b.bars_written), array_agg(b.touched_row)
        INTO v_tfs, v_written, v_touched
        FROM reshape_bars(p_id, v_tfs, v_days, p_sessions) AS b;
    END IF;
    UPDATE bars_state AS s SET
        updated_at = v_now, missing_days = (p_sessions).missing_days, extra_days = (p_sessions).extra_days,
        calendar_version = (p_sessions).version
    WHERE s.id = p_id AND s.bar_group = ANY(v_groups);
    RETURN QUERY
    SELECT
        g.bar_group, g.action,
        (SELECT d."timestamp" FROM cmc_price_bars_1d AS d WHERE d.id = p_id AND d.bar_seq = g.touched),
        g.written, 0
    FROM (
        SELECT
            w.bar_group, w.action, coalesce(sum(b.written), 0)::int AS written, min(b.touched) AS touched
        FROM unnest(p_work) AS w
        LEFT JOIN unnest(v_tfs, v_written, v_touched) AS b (tf, written, touched) ON b.tf = ANY(w.tfs)
        GROUP BY w.bar_group, w.action
    ) AS g;
END;
$$;
