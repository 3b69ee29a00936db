-- audit_raw_rows: is every raw day that was examined either a validated day or a reject?
--   p_ids   asset ids; NULL: all
-- Returns   findings: raw_row_lost (error; in neither, or in both), rejects_orphan (error; the raw row is
--           gone, or validation gives another verdict or other values today), rows_rejected (warning; one per
--           asset and reason).
-- Errors    none.   Cost  one pass over the raw days, validated.
-- Rule      days from the earliest change not yet processed on are not judged. An asset without any reject is
--           taken to be refreshed without keeping them; days whose rejects a run was told not to keep, and
--           those after them, aren't missed.
CREATE OR REPLACE FUNCTION audit_raw_rows(p_ids int[] DEFAULT NULL)
RETURNS TABLE ("check" text, severity text, id int, tf text, period int, ts timestamptz, detail jsonb)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
SET timezone = 'UTC'
SET jit = off
SET plan_cache_mode = force_custom_plan
AS $$
#variable_conflict use_column
BEGIN
    IF goes_one_by_one(p_ids) THEN
        RETURN QUERY
        SELECT f.* FROM unnest(coalesce(p_ids, ARRAY(SELECT k.id FROM asset_ids() AS k (id)))) AS a (id)
        CROSS JOIN LATERAL audit_raw_rows(ARRAY[a.id]) AS f;
        RETURN;
    END IF;
    RETURN QUERY
    WITH pending AS (
        SELECT r.id, min(r.dirty_from) AS since FROM raw_changes AS r
        WHERE (p_ids IS NULL OR r.id = ANY(p_ids))
        GROUP BY r.id
    ),
    candidates AS (
        SELECT c.id, c."timestamp", c.reason FROM bars_1d_candidates AS c
        LEFT JOIN pending AS p ON p.id = c.id
        WHERE (p_ids IS NULL OR c.id = ANY(p_ids)) AND (p.since IS NULL OR c."timestamp" < p.since)
    ),
    rejects AS (
        SELECT r.* FROM cmc_price_bars_1d_rejects AS r
        WHERE p_ids IS NULL OR r.id = ANY(p_ids)
    )
    SELECT
        'raw_row_lost', 'error', c.id, NULL::text, NULL::int, min(c."timestamp"),
        jsonb_build_object('n', count(*))
    FROM candidates AS c
    LEFT JOIN cmc_price_bars_1d AS d
        ON d.id = c.id AND d."timestamp" = c."timestamp" AND (p_ids IS NULL OR d.id = ANY(p_ids))
    LEFT JOIN (SELECT DISTINCT r.id, r."timestamp" FROM rejects AS r) AS r
        ON r.id = c.id AND r."timestamp" = c."timestamp"
    LEFT JOIN (SELECT DISTINCT r.id FROM rejects AS r) AS k ON k.id = c.id
    LEFT JOIN (
        SELECT x.* FROM cmc_price_bars_1d_state AS x WHERE p_ids IS NULL OR x.id = ANY(p_ids)
    ) AS s ON s.id = c.id
    WHERE
        (d.id IS NOT NULL AND r.id IS NOT NULL)
        OR (d.id IS NULL AND r.id IS NULL AND (
            c.reason IS NULL
            OR (k.id IS NOT NULL AND (
                s.rejects_left_out_from IS NULL OR c."timestamp" < s.rejects_left_out_from))))
    GROUP BY c.id
    UNION ALL
    SELECT
        'rejects_orphan', 'error', r.id, NULL::text, NULL::int, min(r."timestamp"),
        jsonb_build_object('n', count(*), 'reasons', jsonb_agg(DISTINCT r.reason))
    FROM rejects AS r
    LEFT JOIN pending AS p ON p.id = r.id
    LEFT JOIN (
        SELECT x.* FROM bars_1d_candidates AS x WHERE p_ids IS NULL OR x.id = ANY(p_ids)
    ) AS c ON c.id = r.id AND c."timestamp" = r."timestamp"
    WHERE
        (p.since IS NULL OR r."timestamp" < p.since)
        AND (c.reason IS DISTINCT FROM r.reason OR r.tf <> '1D' OR record_image_ne(ROW(
            c.time_open, c.time_close, c.raw_time_high, c.raw_time_low, c.raw_open, c.raw_high, c.raw_low,
            c.raw_close, c.raw_volume, c.raw_market_cap, c.src_name, c.src_file
        ), ROW(
            r.time_open, r.time_close, r.time_high, r.time_low, r.open, r.high, r.low, r.close, r.volume,
            r.market_cap, r.src_name, r.src_file
        )))
    GROUP BY r.id
    UNION ALL
    SELECT
        'rows_rejected', 'warning', r.id, NULL::text, NULL::int, min(r."timestamp"),
        jsonb_build_object(
            'reason', r.reason, 'n', count(*), 'first', min(r."timestamp"), 'last', max(r."timestamp"))
    FROM rejects AS r
    GROUP BY r.id, r.reason;
END;
$$;
