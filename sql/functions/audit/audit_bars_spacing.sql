-- audit_bars_spacing: are neighbouring closed bars as far apart as their timeframe says?
--   p_ids   asset ids; NULL: all
-- Returns   findings: spacing; n of n_deltas distances in local days outside the catalogue's bounds. info
--           when missing days explain all of them exactly, else error.
-- Errors    none.   Cost  one pass over the closed bars, an index probe for each distance out of bounds.
-- Rule      N-day bars are explained when their closes are N rows apart; calendar bars when their windows are
--           as far apart as their closes, less the days missing at their ends.
CREATE OR REPLACE FUNCTION audit_bars_spacing(p_ids int[] DEFAULT NULL)
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
        CROSS JOIN LATERAL audit_bars_spacing(ARRAY[a.id]) AS f;
        RETURN;
    END IF;
    RETURN QUERY
    WITH days AS MATERIALIZED (
        SELECT d.id, row_number() OVER (PARTITION BY d.id ORDER BY d."timestamp") AS row_no,
            d."timestamp" AS ts
        FROM cmc_price_bars_1d AS d
        WHERE p_ids IS NULL OR d.id = ANY(p_ids)
    ),
    deltas AS MATERIALIZED (
        SELECT
            w.*, w.day - w.day_before AS delta,
            w.day - w.day_before < coalesce(w.tf_days_min, w.nominal - 0.5)
            OR w.day - w.day_before > coalesce(w.tf_days_max, w.nominal + 0.5) AS is_outside
        FROM (
            SELECT
                b.id, b.tf, b.bar_seq, b.time_close, b.missing_end, t.unit_kind, t.tf_qty, t.tz, t.first_ts,
                t.tf_days_min, t.tf_days_max, timeframe_nominal_days(t.tf) AS nominal,
                (b.time_close AT TIME ZONE t.tz)::date AS day,
                lag((b.time_close AT TIME ZONE t.tz)::date) OVER w AS day_before,
                lag(b.time_close) OVER w AS close_before,
                lag(b.bar_seq) OVER w AS bar_before,
                lag(b.missing_end) OVER w AS missing_before
            FROM bars AS b
            INNER JOIN built_timeframes AS t
                ON t.id = b.id AND t.tf = b.tf AND (v_only IS NULL OR t.id = v_only)
            WHERE b.is_closed AND t.settled AND (p_ids IS NULL OR b.id = ANY(p_ids))
            WINDOW w AS (PARTITION BY b.id, b.tf ORDER BY b.bar_seq)
        ) AS w
        -- A hole in the numbers of N-day bars is a matter of numbering.
        WHERE w.bar_before = w.bar_seq - 1 OR (w.unit_kind <> 'D' AND w.bar_before IS NOT NULL)
    ),
    explained AS (
        SELECT
            e.id, e.tf,
            bool_and(coalesce(CASE
                WHEN e.unit_kind = 'D' THEN r.row_no - q.row_no = e.tf_qty
                ELSE e.delta + e.missing_end - e.missing_before
                    = unit_first_day(e.unit_kind, u.first_unit + e.bar_seq * e.tf_qty)
                    - unit_first_day(e.unit_kind, u.first_unit + e.bar_before * e.tf_qty)
            END, false)) AS by_missing_days
        FROM deltas AS e
        LEFT JOIN days AS r ON r.id = e.id AND r.ts = e.time_close
        LEFT JOIN days AS q ON q.id = e.id AND q.ts = e.close_before
        CROSS JOIN LATERAL (
            SELECT timeframe_first_unit(e.tf, (e.first_ts AT TIME ZONE e.tz)::date) AS first_unit
        ) AS u
        WHERE e.is_outside
        GROUP BY e.id, e.tf
    )
    SELECT
        'spacing', CASE WHEN x.by_missing_days THEN 'info' ELSE 'error' END, e.id, e.tf, NULL::int,
        min(e.time_close) FILTER (WHERE e.is_outside),
        jsonb_build_object(
            'n', count(*) FILTER (WHERE e.is_outside), 'n_deltas', count(*),
            'share', count(*) FILTER (WHERE e.is_outside)::float8 / count(*),
            'min_delta', min(e.delta), 'max_delta', max(e.delta))
    FROM deltas AS e
    INNER JOIN explained AS x ON x.id = e.id AND x.tf = e.tf
    GROUP BY e.id, e.tf, x.by_missing_days;
END;
$$;
