-- plan_days: what the next refresh of some assets' validated days would do; refresh_plan begins with it.
--   p_ids     assets;  p_tz  a zone that they are given (NULL: that of assets)
--   p_full .. p_keep_rejects   as in refresh_bars
-- Returns   a row per asset: tz and calendar (its own), of the validated days as they stand n_rows, first_ts,
--           last_ts, new_days (raw days that were never examined), dirty_from, action (NULL: nothing),
--           reason, is_backfill, is_empty (no validated day will be left), has_bars (of an asset that is
--           empty).
-- Errors    none.
-- Cost      one query: a few index probes per asset and the look-back; assets with changes also what changed.
-- Rule      decides from what is recorded and found, as refresh_bars does; whether a recorded change really
--           changed anything shows when it is examined. Long, since it is one query over all assets, in which
--           each step looks closer at fewer of them.
CREATE OR REPLACE FUNCTION plan_days(
    p_ids int[], p_tz text, p_full boolean, p_lookback_days int, p_time_min timestamptz,
    p_time_max timestamptz, p_keep_rejects boolean)
RETURNS SETOF day_facts
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
-- Few days of an asset are looked at: the planner, who doesn't know it, would merge or keep whole histories.
SET enable_mergejoin = off
SET enable_hashjoin = off
SET enable_material = off
AS $$
#variable_conflict use_column
DECLARE
    -- One asset by its name: so it reaches every table, also behind a view.
    v_only int := CASE WHEN cardinality(p_ids) = 1 THEN p_ids[1] END;
BEGIN
    IF goes_one_by_one(p_ids) THEN
        RETURN QUERY
        SELECT f.* FROM unnest(p_ids) AS a (id) CROSS JOIN LATERAL plan_days(
            ARRAY[a.id], p_tz, p_full, p_lookback_days, p_time_min, p_time_max, p_keep_rejects) AS f;
        RETURN;
    END IF;
    RETURN QUERY
    WITH asset AS MATERIALIZED (
        SELECT
            a.id, s.last_src_ts, f."timestamp" AS first_ts, l."timestamp" AS last_ts,
            coalesce(l.bar_seq, 0) AS n_rows,
            (SELECT min(c.dirty_from) FROM raw_changes AS c
                WHERE c.id = a.id AND (v_only IS NULL OR c.id = v_only)) AS note,
            s.last_src_ts IS NOT NULL AND NOT p_full AS is_known
        FROM unnest(p_ids) AS a (id)
        LEFT JOIN cmc_price_bars_1d_state AS s ON s.id = a.id AND (v_only IS NULL OR s.id = v_only)
        LEFT JOIN cmc_price_bars_1d AS f
            ON f.id = a.id AND f.bar_seq = 1 AND (v_only IS NULL OR f.id = v_only)
        LEFT JOIN LATERAL (
            SELECT d.bar_seq, d."timestamp" FROM cmc_price_bars_1d AS d
            WHERE d.id = a.id AND (v_only IS NULL OR d.id = v_only)
            ORDER BY d.bar_seq DESC LIMIT 1
        ) AS l ON true
    ),
    looked AS MATERIALIZED (
        SELECT
            a.*,
            CASE WHEN p_lookback_days > 0 AND a.is_known THEN (
                SELECT min(x."timestamp") FROM bars_1d_differing AS x
                WHERE
                    x.id = coalesce(v_only, a.id)
                    AND x."timestamp" > (
                        SELECT max(h."timestamp") FROM cmc_price_histories7 AS h
                        WHERE h.id = a.id AND (v_only IS NULL OR h.id = v_only)
                            AND h."timestamp" <= a.last_src_ts AND h."timestamp" < 'infinity'
                    ) - make_interval(hours => 24 * p_lookback_days)
                    AND (p_time_min IS NULL OR x."timestamp" >= p_time_min)
                    AND (p_time_max IS NULL OR x."timestamp" < p_time_max)
                    AND (x.differs OR (p_keep_rejects AND x.reject_missing))
            ) END AS found
        FROM asset AS a
    ),
    due AS MATERIALIZED (
        -- from_ts: from which moment on there is something to examine; NULL: nothing.
        SELECT
            k.*,
            CASE WHEN greatest(k.since, p_time_min) < coalesce(p_time_max, 'infinity')
                THEN greatest(k.since, p_time_min) END AS from_ts,
            k.since IS NOT NULL AND EXISTS (
                SELECT 1 FROM cmc_price_histories7 AS h
                WHERE h.id = k.id AND (v_only IS NULL OR h.id = v_only)) AS is_loaded
        FROM (
            SELECT
                *,
                CASE
                    WHEN l.is_known THEN least(l.note, l.found)
                    -- An asset that has nothing but bars has no days to examine.
                    WHEN l.n_rows > 0 OR l.last_src_ts IS NOT NULL
                        OR EXISTS (
                            SELECT 1 FROM cmc_price_histories7 AS h
                            WHERE h.id = l.id AND (v_only IS NULL OR h.id = v_only)) THEN '-infinity'
                END AS since
            FROM looked AS l
        ) AS k
    ),
    judged AS MATERIALIZED (
        SELECT
            u.*,
            CASE WHEN u.from_ts IS NULL THEN 0 ELSE (
                SELECT count(*) FROM cmc_price_histories7 AS h
                WHERE
                    h.id = u.id AND (v_only IS NULL OR h.id = v_only)
                    AND h."timestamp" > coalesce(u.last_src_ts, '-infinity')
                    AND (p_time_min IS NULL OR h."timestamp" >= p_time_min)
                    AND (p_time_max IS NULL OR h."timestamp" < p_time_max)
            ) END::int AS new_days,
            -- Days and rejects by themselves: of a view that they share with raw days, an older planner opens
            -- all partitions before it sees that those can't be meant.
            u.from_ts IS NOT NULL AND u.is_known AND (EXISTS (
                SELECT 1 FROM cmc_price_bars_1d AS d
                WHERE
                    d.id = coalesce(v_only, u.id) AND d."timestamp" >= u.from_ts
                    AND (p_time_max IS NULL OR d."timestamp" < p_time_max)
                    AND NOT EXISTS (
                        SELECT 1 FROM cmc_price_histories7 AS h
                        WHERE h.id = d.id AND h."timestamp" = d."timestamp")
            ) OR EXISTS (
                SELECT 1 FROM cmc_price_bars_1d_rejects AS r
                WHERE
                    r.id = coalesce(v_only, u.id) AND r."timestamp" >= u.from_ts
                    AND (p_time_max IS NULL OR r."timestamp" < p_time_max)
                    AND NOT EXISTS (
                        SELECT 1 FROM cmc_price_histories7 AS h
                        WHERE h.id = r.id AND h."timestamp" = r."timestamp")
            )) AS is_removed,
            CASE WHEN u.from_ts <= u.first_ts AND u.is_known THEN (
                SELECT c."timestamp" FROM bars_1d_candidates AS c
                WHERE c.id = u.id AND (v_only IS NULL OR c.id = v_only) AND c.reason IS NULL
                ORDER BY c."timestamp" LIMIT 1
            ) ELSE u.first_ts END AS new_first
        FROM due AS u
    )
    SELECT
        j.id, coalesce(p_tz, z.tz, default_tz()), z.calendar, j.n_rows, j.first_ts, j.last_ts, j.new_days,
        CASE WHEN j.from_ts IS NOT NULL THEN greatest(j.from_ts, least(j.new_first, j.first_ts)) END,
        CASE
            WHEN j.from_ts IS NULL THEN NULL
            WHEN NOT j.is_known THEN 'rebuild'
            WHEN j.new_first <> j.first_ts THEN 'backfill'
            WHEN j.from_ts <= j.last_ts OR j.is_removed THEN 'revise'
            ELSE 'append'
        END,
        CASE
            WHEN j.from_ts IS NULL THEN NULL
            WHEN p_full THEN 'full rebuild'
            WHEN NOT j.is_known AND j.is_loaded THEN 'never built'
            WHEN NOT j.is_known OR j.is_removed THEN 'days removed'
            WHEN j.note IS NULL OR j.found < j.note THEN 'found by look-back'
            WHEN j.new_first <> j.first_ts THEN 'backfill'
            WHEN j.from_ts <= j.last_ts
                THEN 'revised from ' || to_char(j.from_ts AT TIME ZONE 'UTC', 'YYYY-MM-DD')
            ELSE 'new days'
        END,
        coalesce(j.from_ts IS NOT NULL AND j.is_known AND j.new_first <> j.first_ts, false),
        CASE WHEN j.from_ts IS NULL THEN j.n_rows = 0 ELSE NOT j.is_loaded END,
        CASE WHEN CASE WHEN j.from_ts IS NULL THEN j.n_rows = 0 ELSE NOT j.is_loaded END
            THEN EXISTS (SELECT 1 FROM bars AS b WHERE b.id = j.id AND (v_only IS NULL OR b.id = v_only)) END
    FROM judged AS j
    LEFT JOIN assets AS z ON z.id = j.id;
END;
$$;
