-- refresh_emas: bring the EMAs of one asset up to date, and what they read before them, in one transaction.
--   p_id         asset id
--   p_variant    multi_tf, multi_tf_v2, cal_us, cal_iso, cal_anchor_us, cal_anchor_iso (or its
--                alignment_source) or all
--   p_full       build the vectors from nothing
--   p_periods    periods that must be there; vectors always hold all of dim_period (NULL: no demand)
--   p_tfs        only these timeframes; what others wait for stays recorded
--   p_upstream   false: work from the days and bars as they stand
--   p_tz, p_lookback_days, p_keep_rejects, p_include_non_canonical   for the stages before, as in
--                                                                    refresh_bars
-- Returns   a row per variant: action (noop, append, revise, backfill, rebuild), dirty_from (ts of the
--           earliest EMA row that can differ), series (number of (tf, period) with rows afterwards),
--           vectors_written, elapsed.
-- Errors    TA001 unknown id, TA002 unknown variant or timeframe, TA003 unknown period, TA004 bad list or
--           look-back, those of refresh_bars, TA011 a value overflows, TA020 no period or no alpha, TA030
--           state and vectors disagree.
-- Locks     the asset's row in cmc_price_bars_1d_state, once there is something to write.
-- Cost      nothing new: a few index probes; one more day: a vector per timeframe (take_one_day); else
--           build_emas.
-- Rule      incremental equals full, bit for bit; only vectors that differ are written; a noop writes
--           nothing. Shared months and years count for the first variant of the call that reads them.
CREATE OR REPLACE FUNCTION refresh_emas(
    p_id int,
    p_variant text DEFAULT 'all',
    p_full boolean DEFAULT false,
    p_periods int[] DEFAULT NULL, p_tfs text[] DEFAULT NULL,
    p_upstream boolean DEFAULT true,
    p_tz text DEFAULT NULL,
    p_lookback_days int DEFAULT 3,
    p_keep_rejects boolean DEFAULT true, p_include_non_canonical boolean DEFAULT false
)
RETURNS TABLE (
    id int, variant text, action text, dirty_from timestamptz, series int, vectors_written int,
        elapsed interval
)
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
    v_variants text[];
    v_family text := 'all';
    v_bar_tfs text[];
    v_is_locked boolean := false;
    v_started timestamptz := clock_timestamp();
    v_odd record;
BEGIN
    p_full := coalesce(p_full, false);
    IF p_variant IS DISTINCT FROM 'all' THEN
        p_variant := resolve_variant(p_variant);
        v_family := (SELECT min(x.family) FROM taxonomy() AS x WHERE x.variant = p_variant);
    END IF;
    v_variants := ARRAY(SELECT x.variant FROM taxonomy() AS x WHERE p_variant IN (x.variant, 'all'));
    PERFORM check_timeframes(v_family, p_tfs);
    PERFORM check_periods(p_periods);
    IF p_upstream AND p_variant = 'all' AND NOT p_full AND p_tfs IS NULL AND p_tz IS NULL
        AND p_include_non_canonical IS NOT TRUE
    THEN
        RETURN QUERY SELECT * FROM take_one_day(p_id, p_lookback_days, p_keep_rejects);
        IF FOUND THEN
            RETURN;
        END IF;
    END IF;
    IF p_upstream THEN
        v_bar_tfs := array_remove(p_tfs, '1D');
        v_is_locked := coalesce((
            SELECT bool_or(b.action <> 'noop') FROM refresh_bars(
                p_id, CASE WHEN v_bar_tfs = '{}' THEN '1d' ELSE v_family END, false, p_tz, p_lookback_days,
                nullif(v_bar_tfs, '{}'), p_keep_rejects => p_keep_rejects,
                p_include_non_canonical => p_include_non_canonical) AS b), false);
    ELSE
        PERFORM check_asset(p_id);
    END IF;

    BEGIN
        RETURN QUERY
        WITH done AS MATERIALIZED (
            SELECT * FROM refresh_ema_groups(
                p_id,
                ARRAY(SELECT x.ema_group FROM taxonomy() AS x WHERE x.variant = ANY(v_variants)),
                v_is_locked, p_full, p_tfs)
        ),
        counted AS (
            SELECT
                x.variant, x.ordinal, d.action, d.dirty_from, d.series, d.vectors_written,
                -- Shared months and years count for the first variant of the call that reads them.
                x.ordinal = min(x.ordinal) OVER (PARTITION BY x.ema_group) AS counts
            FROM taxonomy() AS x
            LEFT JOIN done AS d ON d.ema_group = x.ema_group
            WHERE x.variant = ANY(v_variants)
        )
        SELECT
            p_id, c.variant,
            coalesce(
                (array_agg(c.action ORDER BY action_rank(c.action)) FILTER (WHERE c.counts))[1], 'noop'),
            min(c.dirty_from) FILTER (WHERE c.counts), coalesce(sum(c.series), 0)::int,
            coalesce(sum(c.vectors_written) FILTER (WHERE c.counts), 0)::int, clock_timestamp() - v_started
        FROM counted AS c
        GROUP BY c.variant
        ORDER BY min(c.ordinal);
    EXCEPTION
        WHEN numeric_value_out_of_range THEN
            -- Days and bars stand as they were just brought up to date; they tell which close it was.
            SELECT * INTO v_odd FROM find_ema_out_of_range(p_id);
            IF v_odd.tf IS NULL THEN
                RAISE;
            END IF;
            RAISE EXCEPTION USING
                ERRCODE = 'TA011',
                MESSAGE = format(
                    'asset %s, timeframe %s, %s: the EMA of period %s is out of the range of a double',
                    p_id, v_odd.tf, to_char(v_odd.ts AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.MS"Z"'),
                    v_odd.period),
                DETAIL = format(
                    'Long runs of zeros and closes beyond about 1e300 or below 1e-300 can do that: %s',
                    SQLERRM),
                HINT = 'Correct the closes of the asset; days, bars and EMAs stay as they were.';
    END;
END;
$$;
