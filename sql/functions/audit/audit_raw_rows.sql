-- audit_raw_rows: is every raw day that was examined either a validated day or a reject?
--   p_id   asset id
-- Returns   findings: raw_row_lost (error; in neither, or in both), rejects_orphan (error; the raw row is
--           gone, or validation gives another verdict or other values today), rows_rejected (warning; one
--           per reason).
-- Errors    none.   Cost  one pass over the raw days, validated.
-- Rule      days from the earliest change not yet processed on are not judged. An asset without any reject is
--           taken to be refreshed without keeping them; days whose rejects a run was told not to keep, and
--           those after them, aren't missed.
CREATE OR REPLACE FUNCTION audit_raw_rows(p_id int)
RETURNS SETOF finding
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
DECLARE
    v_accepted jsonb := accepted_days(p_id);
    v_tz text;
    v_left_out_from timestamptz;
    v_since timestamptz;
    v_keeps_rejects boolean;
BEGIN
    SELECT s.tz, s.rejects_left_out_from INTO v_tz, v_left_out_from
    FROM cmc_price_bars_1d_state AS s WHERE s.id = p_id;
    SELECT min(r.dirty_from) INTO v_since FROM raw_changes AS r WHERE r.id = p_id;
    SELECT count(*) > 0 INTO v_keeps_rejects FROM cmc_price_bars_1d_rejects AS r WHERE r.id = p_id;
    RETURN QUERY
    SELECT
        'raw_row_lost', 'error', p_id, NULL::text, NULL::int, min(c."timestamp"),
        jsonb_build_object('n', count(*))
    FROM candidates_of(p_id, '-infinity', NULL) AS c
    LEFT JOIN stored_days(p_id) AS d ON d."timestamp" = c."timestamp"
    LEFT JOIN (SELECT DISTINCT x."timestamp" FROM stored_rejects_of(p_id, '-infinity', NULL) AS x) AS r
        ON r."timestamp" = c."timestamp"
    WHERE
        (v_since IS NULL OR c."timestamp" < v_since)
        AND (d.id IS NULL) = (r."timestamp" IS NULL)
        AND (d.id IS NOT NULL OR c.reason IS NULL OR (
            v_keeps_rejects AND (v_left_out_from IS NULL OR c."timestamp" < v_left_out_from)))
    HAVING count(*) > 0;
    IF NOT v_keeps_rejects THEN
        RETURN;
    END IF;
    RETURN QUERY
    SELECT
        'rejects_orphan', 'error', p_id, NULL::text, NULL::int, min(r."timestamp"),
        jsonb_build_object('n', count(*), 'reasons', jsonb_agg(DISTINCT r.reason))
    FROM stored_rejects_of(p_id, '-infinity', NULL) AS r
    LEFT JOIN candidates_of(p_id, '-infinity', NULL) AS c ON c."timestamp" = r."timestamp"
    WHERE
        (v_since IS NULL OR r."timestamp" < v_since)
        AND (c.reason IS DISTINCT FROM r.reason OR r.tf <> '1D' OR record_image_ne(ROW(
            c.time_open, c.time_close, c.raw_time_high, c.raw_time_low, c.raw_open, c.raw_high, c.raw_low,
            c.raw_close, c.raw_volume, c.raw_market_cap, c.src_name, c.src_file, c.local_day
        ), ROW(
            r.time_open, r.time_close, r.time_high, r.time_low, r.open, r.high, r.low, r.close, r.volume,
            r.market_cap, r.src_name, r.src_file, r.local_day
        )))
    HAVING count(*) > 0;
    RETURN QUERY
    SELECT
        'rows_rejected', 'warning', p_id, NULL::text, NULL::int, min(r."timestamp"),
        jsonb_build_object(
            'reason', r.reason, 'n', count(*), 'first', min(r."timestamp"), 'last', max(r."timestamp"))
    FROM stored_rejects_of(p_id, '-infinity', NULL) AS r
    WHERE is_told(v_accepted, 'rows_rejected', 'warning', local_day_of(r.local_day, r."timestamp", v_tz))
    GROUP BY r.reason;
END;
$$;
