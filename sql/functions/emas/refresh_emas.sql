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
-- Cost      nothing new: a few index probes; one more day: a vector per timeframe; else build_emas.
-- Rule      incremental equals full, bit for bit; only vectors that differ are written; a noop writes
--           nothing. Shared months and years count for the first variant of the call that reads them.
CREATE OR REPLACE FUNCTION refresh_emas(
    p_id int,
    p_variant text DEFAULT 'all',
    p_full boolean DEFAULT false,
    p_periods int[] DEFAULT NULL,
    p_tfs text[] DEFAULT NULL,
    p_upstream boolean DEFAULT true,
    p_tz text DEFAULT NULL,
    p_lookback_days int DEFAULT 3,
    p_keep_rejects boolean DEFAULT true,
    p_include_non_canonical boolean DEFAULT false
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
    v_variants text[] := ARRAY['multi_tf', 'multi_tf_v2', 'cal_us', 'cal_iso', 'cal_anchor_us',
        'cal_anchor_iso'];
    v_wanted text[];
    v_groups text[];
    v_family text;
    v_bar_tfs text[];
    v_started timestamptz := clock_timestamp();
    v_odd record;
BEGIN
    p_full := coalesce(p_full, false);
    IF p_variant = 'all' THEN
        v_wanted := v_variants;
        v_family := 'all';
    ELSE
        v_wanted := ARRAY[resolve_variant(p_variant)];
        v_family := CASE v_wanted[1] WHEN 'multi_tf_v2' THEN 'multi_tf' ELSE v_wanted[1] END;
    END IF;
    PERFORM check_timeframes(v_family, p_tfs);
    PERFORM check_periods(p_periods);
    IF p_upstream THEN
        v_bar_tfs := array_remove(p_tfs, '1D');
        PERFORM FROM refresh_bars(
            p_id, CASE WHEN v_bar_tfs = '{}' THEN '1d' ELSE v_family END, false, p_tz, p_lookback_days,
                nullif(v_bar_tfs, '{}'),
            p_keep_rejects => p_keep_rejects, p_include_non_canonical => p_include_non_canonical);
    ELSE
        PERFORM check_asset(p_id);
    END IF;

    SELECT array_agg(g.variant ORDER BY g.first) INTO v_groups
    FROM (
        SELECT x.variant, min(w.ordinal * 2 + x.i) AS first
        FROM unnest(v_wanted) WITH ORDINALITY AS w (variant, ordinal)
        CROSS JOIN LATERAL unnest(variant_groups(w.variant)) WITH ORDINALITY AS x (variant, i)
        GROUP BY x.variant
    ) AS g;
    BEGIN
        RETURN QUERY
        WITH done AS MATERIALIZED (
            SELECT * FROM refresh_ema_groups(p_id, v_groups, p_full, p_tfs)
        ),
        counted AS (
            SELECT
                w.variant, w.ordinal, d.action, d.dirty_from, d.series, d.vectors_written,
                w.variant = (
                    SELECT o.variant FROM unnest(v_wanted) WITH ORDINALITY AS o (variant, ordinal)
                    WHERE d.ema_group = ANY(variant_groups(o.variant)) ORDER BY o.ordinal LIMIT 1) AS counts
            FROM unnest(v_wanted) WITH ORDINALITY AS w (variant, ordinal)
            LEFT JOIN done AS d ON d.ema_group = ANY(variant_groups(w.variant))
        )
        SELECT
            p_id, c.variant,
            coalesce((array_agg(c.action ORDER BY
                array_position(ARRAY['rebuild', 'backfill', 'revise', 'append', 'noop'], c.action))
                FILTER (WHERE c.counts))[1], 'noop'),
            min(c.dirty_from) FILTER (WHERE c.counts), coalesce(sum(c.series), 0)::int,
            coalesce(sum(c.vectors_written) FILTER (WHERE c.counts), 0)::int, clock_timestamp() - v_started
        FROM counted AS c
        GROUP BY c.variant, c.ordinal
        ORDER BY c.ordinal;
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
