-- refresh_bars: bring the validated days and the bars of one asset up to date, in one transaction.
--   p_id             asset id
--   p_family         1d, multi_tf, cal_us, cal_iso, cal_anchor_us, cal_anchor_iso or all
--   p_full           build what is named from nothing
--   p_tz             IANA zone of the asset's local day; NULL: that of assets. It is written there.
--                    Another zone than before rebuilds every family of bars built for the asset
--   p_lookback_days  times 24 hours before the newest raw row that are compared with what is stored, 0 or
--                    more
--   p_tfs            only these timeframes, canonical or not; what others wait for stays recorded
--   p_time_min, p_time_max  examine only raw rows with p_time_min <= "timestamp" < p_time_max (1d and all)
--   p_keep_rejects   write bad rows to cmc_price_bars_1d_rejects
--   p_include_non_canonical  also timeframes that aren't canonical
--   p_upstream       false: work from the validated days as they stand
-- Returns   a row per family: action (noop, append, revise, backfill, rebuild), dirty_from ("timestamp" of
--           the earliest day concerned), bars_written, bars_deleted, and for 1d days_read, rejected,
--           repaired_..; elapsed.
-- Errors    TA001 unknown id, TA002 unknown family or timeframe, TA004 bad range, look-back or zone,
--           TA010 two days on one local day, TA020 catalogue without 1D, TA030 state and bars disagree.
-- Locks     the asset's row in cmc_price_bars_1d_state, once there is something to write.
-- Cost      nothing new: a few index probes; one more day: one forming bar per timeframe; else build_bars.
-- Rule      incremental equals full, bit for bit; only bars that differ are written; a noop writes nothing.
CREATE OR REPLACE FUNCTION refresh_bars(
    p_id int,
    p_family text DEFAULT 'all',
    p_full boolean DEFAULT false,
    p_tz text DEFAULT NULL,
    p_lookback_days int DEFAULT 3,
    p_tfs text[] DEFAULT NULL,
    p_time_min timestamptz DEFAULT NULL,
    p_time_max timestamptz DEFAULT NULL,
    p_keep_rejects boolean DEFAULT true,
    p_include_non_canonical boolean DEFAULT false,
    p_upstream boolean DEFAULT true)
RETURNS TABLE (
    id int, family text, action text, dirty_from timestamptz, bars_written int, bars_deleted int,
    days_read int, rejected int, repaired_timehigh int, repaired_timelow int, elapsed interval)
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
-- A day's refresh costs less than planning for it, so plans are kept; one that was made while a table was
-- empty must serve when it is full, so rows are found by index. Where tables are partitioned, the planner
-- reckons with the rows of all: no worker would have anything to do, and what it thinks costly would be
-- compiled anew in every call.
SET plan_cache_mode = force_generic_plan
SET jit = off
SET enable_seqscan = off
SET max_parallel_workers_per_gather = 0
AS $$
#variable_conflict use_column
DECLARE
    v_families text[] := ARRAY(
        SELECT x.family FROM taxonomy() AS x WHERE x.variant = x.family AND p_family IN (x.family, 'all'));
    v_days record;
    v_started timestamptz := clock_timestamp();
    v_tz text;
    v_calendar text;
    v_is_locked boolean := false;
BEGIN
    p_full := coalesce(p_full, false);
    PERFORM check_family(p_family);
    PERFORM check_examined(p_lookback_days, p_time_min, p_time_max);
    IF (p_time_min IS NOT NULL OR p_time_max IS NOT NULL) AND p_family NOT IN ('1d', 'all') THEN
        RAISE EXCEPTION USING
            ERRCODE = 'TA004', MESSAGE = format('family %s cannot be bounded in time', p_family),
            DETAIL = 'Only raw rows can: a bar needs all its days.',
            HINT = 'Use family 1d or all, or leave the bounds out.';
    END IF;
    PERFORM check_timeframes(p_family, p_tfs);
    p_tz := resolve_tz(p_tz);
    SELECT a.tz, a.calendar INTO v_tz, v_calendar FROM assets AS a WHERE a.id = p_id;
    IF FOUND AND coalesce(p_tz = coalesce(v_tz, default_tz()), true) THEN
        v_tz := coalesce(v_tz, default_tz());
    ELSE
        PERFORM check_asset(p_id);
        v_tz := asset_zone(p_id, p_tz);
    END IF;
    IF v_calendar IS NOT NULL THEN
        PERFORM apply_calendar(p_id);
    END IF;
    v_tz := recut_days(p_id, v_tz, p_family = '1d');

    IF p_family IN ('1d', 'all') OR p_upstream THEN
        SELECT * INTO v_days FROM refresh_bars_1d(
            p_id, v_tz, p_full AND p_family IN ('1d', 'all'), p_lookback_days, p_time_min, p_time_max,
            p_keep_rejects);
        v_is_locked := v_days.action <> 'noop';
        RETURN QUERY SELECT
            p_id, '1d', v_days.action, v_days.dirty_from, v_days.bars_written, v_days.bars_deleted,
            v_days.days_read, v_days.rejected, v_days.repaired_timehigh, v_days.repaired_timelow,
            clock_timestamp() - v_started;
    END IF;
    IF p_family = '1d' THEN
        RETURN;
    END IF;

    v_started := clock_timestamp();
    RETURN QUERY
    WITH done AS MATERIALIZED (
        SELECT
            g.*,
            -- Shared months and years count for the first family of the call that reads them.
            (
                SELECT x.family FROM taxonomy() AS x
                WHERE x.variant = x.family AND x.bar_group = g.bar_group
                ORDER BY x.family = ANY(v_families) DESC, x.ordinal LIMIT 1
            ) AS family
        FROM refresh_bar_groups(
            p_id, v_tz,
            ARRAY(SELECT x.bar_group FROM taxonomy() AS x
                WHERE x.variant = x.family AND x.family = ANY(v_families)),
            v_is_locked, p_full, p_tfs, coalesce(p_include_non_canonical, false)) AS g
    )
    SELECT
        p_id, f.family, coalesce((array_agg(g.action ORDER BY action_rank(g.action)))[1], 'noop'),
        min(g.dirty_from), coalesce(sum(g.bars_written), 0)::int, coalesce(sum(g.bars_deleted), 0)::int,
        0, 0, 0, 0, clock_timestamp() - v_started
    FROM (
        SELECT x.family, min(x.ordinal) AS ordinal FROM taxonomy() AS x
        WHERE
            x.variant = x.family
            AND (x.family = ANY(v_families) OR x.family IN (SELECT d.family FROM done AS d))
        GROUP BY x.family
    ) AS f
    LEFT JOIN done AS g ON g.family = f.family
    GROUP BY f.family, f.ordinal
    ORDER BY f.ordinal;
END;
$$;
