-- audit_bars_1d_order: how each validated day follows the one before.
--   p_ids   asset ids; NULL: all
-- Returns   findings: bars_1d_numbering, duplicate_local_day (error), price_jump, days_overlap (warning),
--           stale_asset (info; more than 3 days behind the newest day of any asset).
-- Errors    none.   Cost  one pass over the validated days in time order.
-- Rule      days are numbered 1, 2, 3 .. in time order; each local day of the asset's zone has one.
CREATE OR REPLACE FUNCTION audit_bars_1d_order(p_ids int[] DEFAULT NULL)
RETURNS TABLE ("check" text, severity text, id int, tf text, period int, ts timestamptz, detail jsonb)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
SET timezone = 'UTC'
SET jit = off
SET plan_cache_mode = force_custom_plan
AS $$
#variable_conflict use_column
DECLARE
    v_newest timestamptz := (SELECT max(d."timestamp") FROM cmc_price_bars_1d AS d);
BEGIN
    IF goes_one_by_one(p_ids) THEN
        RETURN QUERY
        SELECT f.* FROM unnest(coalesce(p_ids, ARRAY(SELECT k.id FROM asset_ids() AS k (id)))) AS a (id)
        CROSS JOIN LATERAL audit_bars_1d_order(ARRAY[a.id]) AS f;
        RETURN;
    END IF;
    RETURN QUERY
    WITH zones AS (
        SELECT s.id, min(s.tz) AS tz FROM bars_state AS s
        WHERE (p_ids IS NULL OR s.id = ANY(p_ids))
        GROUP BY s.id
    ),
    days AS (
        SELECT
            d.id, d."timestamp" AS ts, d.bar_seq, d.time_open, d.close,
                coalesce(z.tz, 'America/New_York') AS tz,
            row_number() OVER w AS row_no,
            lag(d."timestamp") OVER w AS ts_before,
            lag(d.time_close) OVER w AS close_before,
            lag(d.close) OVER w AS price_before
        FROM cmc_price_bars_1d AS d
        LEFT JOIN zones AS z ON z.id = d.id
        WHERE p_ids IS NULL OR d.id = ANY(p_ids)
        WINDOW w AS (PARTITION BY d.id ORDER BY d."timestamp")
    ),
    judged AS (
        SELECT
            d.*,
            d.bar_seq <> d.row_no AS misnumbered,
            (d.ts_before AT TIME ZONE d.tz)::date = (d.ts AT TIME ZONE d.tz)::date AS same_day,
            d.price_before > 0 AND d.close > 0
            AND (d.close / d.price_before > 10 OR d.close / d.price_before < 0.1) AS jumps,
            d.time_open < d.close_before AS overlaps
        FROM days AS d
    ),
    offences AS (
        SELECT v.name, v.severity, j.*,
            count(*) OVER w AS n, row_number() OVER (PARTITION BY v.name, j.id ORDER BY j.ts) AS ordinal
        FROM judged AS j
        CROSS JOIN LATERAL (VALUES
            ('bars_1d_numbering', 'error', j.misnumbered),
            ('duplicate_local_day', 'error', j.same_day),
            ('price_jump', 'warning', j.jumps),
            ('days_overlap', 'warning', j.overlaps)
        ) AS v (name, severity, is_bad)
        WHERE v.is_bad
        WINDOW w AS (PARTITION BY v.name, j.id)
    )
    SELECT
        o.name, o.severity, o.id, '1D', NULL::int, o.ts,
        jsonb_build_object('n', o.n) || CASE o.name
            WHEN 'bars_1d_numbering' THEN jsonb_build_object('first_bad', o.bar_seq)
            WHEN 'duplicate_local_day' THEN jsonb_build_object(
                'day', (o.ts AT TIME ZONE o.tz)::date, 'tz', o.tz,
                'stamps', jsonb_build_array(o.ts_before, o.ts))
            WHEN 'price_jump' THEN jsonb_build_object('ratio', o.close / o.price_before)
            ELSE '{}'
        END
    FROM offences AS o
    WHERE o.ordinal = 1
    UNION ALL
    SELECT
        'stale_asset', 'info', l.id, '1D', NULL::int, l.last_ts,
        jsonb_build_object('last', l.last_ts, 'behind_days',
            floor(extract(EPOCH FROM v_newest - l.last_ts) / 86400))
    FROM (SELECT d.id, max(d.ts) AS last_ts FROM days AS d GROUP BY d.id) AS l
    WHERE v_newest - l.last_ts > interval '72 hours';
END;
$$;
