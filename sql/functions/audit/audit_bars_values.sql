-- audit_bars_values: what the columns of a bar must be among themselves.
--   p_ids   asset ids; NULL: all
-- Returns   findings: bar_ohlc, missing_days_arithmetic, tf_days_not_nominal, partial_start_unexpected
--           (error), missing_days_interior (info; closed bars with days missing inside, the share of them and
--           the worst number).
-- Errors    none.   Cost  one pass over the bars, their first and last days.
-- Rule      days missing inside a bar are its local days from the first row to the last less its rows; a
--           bar's length is the one that its name says; only anchored bars begin late.
CREATE OR REPLACE FUNCTION audit_bars_values(p_ids int[] DEFAULT NULL)
RETURNS TABLE ("check" text, severity text, id int, tf text, period int, ts timestamptz, detail jsonb)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
SET jit = off
SET plan_cache_mode = force_custom_plan
SET enable_nestloop = off
SET enable_mergejoin = off
AS $$
#variable_conflict use_column
DECLARE
    -- One asset by its name: so it reaches every table behind a view.
    v_only int := CASE WHEN cardinality(p_ids) = 1 THEN p_ids[1] END;
BEGIN
    IF goes_one_by_one(p_ids) THEN
        RETURN QUERY
        SELECT f.* FROM unnest(coalesce(p_ids, ARRAY(SELECT k.id FROM asset_ids() AS k (id)))) AS a (id)
        CROSS JOIN LATERAL audit_bars_values(ARRAY[a.id]) AS f;
        RETURN;
    END IF;
    RETURN QUERY
    WITH days AS MATERIALIZED (
        SELECT d.id, row_number() OVER (PARTITION BY d.id ORDER BY d."timestamp") AS row_no,
            d."timestamp" AS ts
        FROM cmc_price_bars_1d AS d
        WHERE p_ids IS NULL OR d.id = ANY(p_ids)
    ),
    judged AS (
        SELECT
            b.id, b.tf, b.time_close, b.is_closed, b.missing_interior,
            (b.low <= least(b.open, b.close) AND greatest(b.open, b.close) <= b.high) IS NOT TRUE AS bad_ohlc,
            t.settled AND (
                least(b.missing_start, b.missing_interior, b.missing_end) < 0
                OR (t.unit_kind = 'D' AND (b.missing_start <> 0 OR b.missing_end <> 0))
                OR b.missing_interior <> l.day - f.day + 1 - (b.last_row - b.first_row + 1)
                OR (b.missing_start + b.missing_interior + b.missing_end > 0)
                    <> (b.first_missing_day IS NOT NULL)
                OR (b.missing_start + b.missing_interior + b.missing_end > 0)
                    <> (b.last_missing_day IS NOT NULL)
                OR (b.missing_start > 0 AND b.first_missing_day <> f.day - b.missing_start)
                OR (b.missing_start = 0 AND b.missing_interior > 0
                    AND NOT b.first_missing_day BETWEEN f.day + 1 AND l.day - 1)
                OR (b.missing_start = 0 AND b.missing_interior = 0 AND b.missing_end > 0
                    AND b.first_missing_day <> l.day + 1)
                OR (b.missing_end > 0 AND b.last_missing_day <> l.day + b.missing_end)
                OR (b.missing_end = 0 AND b.missing_interior > 0
                    AND NOT b.last_missing_day BETWEEN f.day + 1 AND l.day - 1)
                OR (b.missing_end = 0 AND b.missing_interior = 0 AND b.missing_start > 0
                    AND b.last_missing_day <> f.day - 1)
                OR b.last_missing_day - b.first_missing_day + 1
                    < b.missing_start + b.missing_interior + b.missing_end
            ) AS bad_arithmetic
        FROM bars AS b
        INNER JOIN built_timeframes AS t ON t.id = b.id AND t.tf = b.tf AND (v_only IS NULL OR t.id = v_only)
        LEFT JOIN days AS fd ON fd.id = b.id AND fd.row_no = b.first_row
        LEFT JOIN days AS ld ON ld.id = b.id AND ld.row_no = b.last_row
        CROSS JOIN LATERAL (SELECT (fd.ts AT TIME ZONE t.tz)::date AS day) AS f
        CROSS JOIN LATERAL (SELECT (ld.ts AT TIME ZONE t.tz)::date AS day) AS l
        WHERE p_ids IS NULL OR b.id = ANY(p_ids)
    )
    SELECT
        v.name, CASE v.name WHEN 'missing_days_interior' THEN 'info' ELSE 'error' END, g.id, g.tf, NULL::int,
        v.first_ts,
        jsonb_build_object('n', v.n) || CASE v.name
            WHEN 'missing_days_interior'
                THEN jsonb_build_object('share', v.n::float8 / g.n_closed, 'worst', g.worst)
            ELSE '{}' END
    FROM (
        SELECT
            j.id, j.tf, count(*) FILTER (WHERE j.is_closed) AS n_closed, max(j.missing_interior) AS worst,
            count(*) FILTER (WHERE j.bad_ohlc) AS n_ohlc,
                min(j.time_close) FILTER (WHERE j.bad_ohlc) AS ts_ohlc,
            count(*) FILTER (WHERE j.bad_arithmetic) AS n_sums,
            min(j.time_close) FILTER (WHERE j.bad_arithmetic) AS ts_sums,
            count(*) FILTER (WHERE j.is_closed AND j.missing_interior > 0) AS n_interior,
            min(j.time_close) FILTER (WHERE j.is_closed AND j.missing_interior > 0) AS ts_interior
        FROM judged AS j
        GROUP BY j.id, j.tf
    ) AS g
    CROSS JOIN LATERAL (VALUES
        ('bar_ohlc', g.n_ohlc, g.ts_ohlc),
        ('missing_days_arithmetic', g.n_sums, g.ts_sums),
        ('missing_days_interior', g.n_interior, g.ts_interior)
    ) AS v (name, n, first_ts)
    WHERE v.n > 0
    UNION ALL
    SELECT
        'tf_days_not_nominal', 'error', b.id, b.tf, NULL::int, NULL::timestamptz,
        jsonb_build_object('n', 1, 'min', t.tf_days_nominal, 'max', t.tf_days_nominal)
    FROM built_timeframes AS b
    INNER JOIN dim_timeframe AS t ON t.tf = b.tf
    WHERE (p_ids IS NULL OR b.id = ANY(p_ids)) AND (v_only IS NULL OR b.id = v_only)
        AND t.tf_days_nominal <> timeframe_nominal_days(t.tf)
    UNION ALL
    SELECT
        'partial_start_unexpected', 'error', b.id, b.tf, NULL::int, b.first_ts, jsonb_build_object('n', 1)
    FROM built_timeframes AS b
    INNER JOIN dim_timeframe AS t ON t.tf = b.tf
    WHERE (p_ids IS NULL OR b.id = ANY(p_ids)) AND (v_only IS NULL OR b.id = v_only)
        AND t.allow_partial_start AND NOT b.is_anchored;
END;
$$;
