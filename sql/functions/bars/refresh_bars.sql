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
    v_families text[] := ARRAY['multi_tf', 'cal_us', 'cal_iso', 'cal_anchor_us', 'cal_anchor_iso'];
    v_wanted text[];
    v_family text;
    v_groups text[] := '{}';
    v_group text;
    v_days record;
    v_started timestamptz := clock_timestamp();
    v_tz text;
    v_days_tz text;
    v_rezone boolean;
    v_calendar text;
BEGIN
    p_full := coalesce(p_full, false);
    IF p_family IS NULL OR NOT p_family = ANY(v_families || ARRAY['1d', 'all']) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'TA002',
            MESSAGE = format('unknown family %s', coalesce(quote_literal(p_family), 'NULL')),
            DETAIL = 'Families are 1d, multi_tf, cal_us, cal_iso, cal_anchor_us, cal_anchor_iso and all.',
            HINT = 'Name one of them, or all.';
    END IF;
    IF p_lookback_days IS NULL OR p_lookback_days < 0 THEN
        RAISE EXCEPTION USING
            ERRCODE = 'TA004',
            MESSAGE = format('look-back of %s days', coalesce(p_lookback_days::text, 'NULL')),
            DETAIL = 'p_lookback_days is a number of days, 0 or more.',
            HINT = 'Use 0 to switch the look-back off.';
    END IF;
    IF p_time_min >= p_time_max THEN
        RAISE EXCEPTION USING
            ERRCODE = 'TA004', MESSAGE = format('empty range: %s is not before %s', p_time_min, p_time_max),
            DETAIL = 'Raw rows are examined where p_time_min <= "timestamp" < p_time_max.',
            HINT = 'Give a p_time_max after p_time_min.';
    END IF;
    IF (p_time_min IS NOT NULL OR p_time_max IS NOT NULL) AND p_family NOT IN ('1d', 'all') THEN
        RAISE EXCEPTION USING
            ERRCODE = 'TA004', MESSAGE = format('family %s cannot be bounded in time', p_family),
            DETAIL = 'Only raw rows can: a bar needs all its days.',
            HINT = 'Use family 1d or all, or leave the bounds out.';
    END IF;
    PERFORM check_timeframes(p_family, p_tfs);
    p_tz := resolve_tz(p_tz);
    PERFORM check_asset(p_id);
    v_tz := asset_zone(p_id, p_tz);
    PERFORM apply_calendar(p_id);
    v_days_tz := recut_days(p_id, v_tz, p_family = '1d');

    IF p_family IN ('1d', 'all') OR p_upstream THEN
        SELECT * INTO v_days FROM refresh_bars_1d(
            p_id, v_days_tz, p_full AND p_family IN ('1d', 'all'), p_lookback_days, p_time_min, p_time_max,
            p_keep_rejects);
        RETURN QUERY SELECT
            p_id, '1d', v_days.action, v_days.dirty_from, v_days.bars_written, v_days.bars_deleted,
            v_days.days_read, v_days.rejected, v_days.repaired_timehigh, v_days.repaired_timelow,
            clock_timestamp() - v_started;
    END IF;
    IF p_family = '1d' THEN
        RETURN;
    END IF;

    v_wanted := CASE WHEN p_family = 'all' THEN v_families ELSE ARRAY[p_family] END;
    SELECT a.calendar INTO v_calendar FROM assets AS a WHERE a.id = p_id;
    v_rezone := EXISTS (
        SELECT 1 FROM bars_state AS s
        WHERE s.id = p_id AND (s.tz <> v_tz OR s.calendar IS DISTINCT FROM v_calendar));
    IF v_rezone THEN
        -- Zone and calendar are the asset's: every family built with other ones is built again.
        SELECT array_agg(f.family ORDER BY f.ordinal) INTO v_wanted
        FROM unnest(v_families) WITH ORDINALITY AS f (family, ordinal)
        WHERE
            f.family = ANY(v_wanted)
            OR EXISTS (SELECT 1 FROM bars_state AS s WHERE s.id = p_id AND s.bar_group = f.family);
        -- Months and years may have been built alone: then the first family that shows them takes them along.
        SELECT v_wanted || coalesce(array_agg(u.family ORDER BY u.family), '{}') INTO v_wanted
        FROM bars_state AS s
        CROSS JOIN LATERAL (
            SELECT f.family FROM unnest(v_families) WITH ORDINALITY AS f (family, ordinal)
            WHERE s.bar_group = ANY(family_groups(f.family)) ORDER BY f.ordinal LIMIT 1
        ) AS u
        WHERE s.id = p_id AND NOT EXISTS (
            SELECT 1 FROM unnest(v_wanted) AS w (family) WHERE s.bar_group = ANY(family_groups(w.family)));
    END IF;
    FOREACH v_family IN ARRAY v_wanted LOOP
        FOREACH v_group IN ARRAY family_groups(v_family) LOOP
            IF NOT v_group = ANY(v_groups) THEN
                v_groups := v_groups || v_group;
            END IF;
        END LOOP;
    END LOOP;

    v_started := clock_timestamp();
    RETURN QUERY
    SELECT
        p_id, w.family,
        coalesce((array_agg(g.action ORDER BY
            array_position(ARRAY['rebuild', 'backfill', 'revise', 'append', 'noop'], g.action)))[1], 'noop'),
        min(g.dirty_from), coalesce(sum(g.bars_written), 0)::int, coalesce(sum(g.bars_deleted), 0)::int,
        0, 0, 0, 0, clock_timestamp() - v_started
    FROM unnest(v_wanted) WITH ORDINALITY AS w (family, ordinal)
    LEFT JOIN refresh_bar_groups(
        p_id, v_groups, v_tz, v_rezone, p_full, p_tfs,
        coalesce(p_include_non_canonical, false)
    ) AS g
        -- Shared months and years count for the first family of the call that reads them.
        ON w.family = (
            SELECT o.family FROM unnest(v_wanted) WITH ORDINALITY AS o (family, ordinal)
            WHERE g.bar_group = ANY(family_groups(o.family)) ORDER BY o.ordinal LIMIT 1)
    GROUP BY w.family, w.ordinal
    ORDER BY w.ordinal;
END;
$$;
