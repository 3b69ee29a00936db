-- audit_bars_1d_order: how each validated day follows the one before.
--   p_id   asset id
-- Returns   findings: bars_1d_numbering, duplicate_local_day, days_out_of_order (error), price_jump,
--           days_overlap (warning).
-- Errors    none.   Cost  one pass over the validated days in time order.
-- Rule      days are numbered 1, 2, 3 .. in time order; their local days rise with them.
CREATE OR REPLACE FUNCTION audit_bars_1d_order(p_id int)
RETURNS SETOF finding
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
DECLARE
    v_accepted jsonb := accepted_days(p_id);
    v_tz text;
BEGIN
    SELECT s.tz INTO v_tz FROM cmc_price_bars_1d_state AS s WHERE s.id = p_id;
    RETURN QUERY
    WITH days AS (
        SELECT
            d."timestamp" AS ts, d.bar_seq, d.time_open, d.close, d.day, lag(d.day) OVER w AS day_before,
            row_number() OVER w AS row_no, lag(d."timestamp") OVER w AS ts_before,
            lag(d.time_close) OVER w AS close_before, lag(d.close) OVER w AS price_before
        FROM stored_days(p_id) AS d
        WINDOW w AS (ORDER BY d."timestamp")
    ),
    offences AS (
        SELECT v.name, v.severity, d.*,
            count(*) OVER (PARTITION BY v.name) AS n,
            row_number() OVER (PARTITION BY v.name ORDER BY d.ts) AS ordinal
        FROM days AS d
        CROSS JOIN LATERAL (VALUES
            ('bars_1d_numbering', 'error', d.bar_seq <> d.row_no),
            ('duplicate_local_day', 'error', d.day_before = d.day),
            ('days_out_of_order', 'error', d.day_before > d.day),
            ('price_jump', 'warning', d.price_before > 0 AND d.close > 0
                AND (d.close / d.price_before > 10 OR d.close / d.price_before < 0.1)),
            ('days_overlap', 'warning', d.time_open < d.close_before)
        ) AS v (name, severity, is_bad)
        WHERE v.is_bad AND is_told(v_accepted, v.name, v.severity, d.day)
    )
    SELECT
        o.name, o.severity, p_id, '1D', NULL::int, o.ts,
        jsonb_build_object('n', o.n) || CASE o.name
            WHEN 'bars_1d_numbering' THEN jsonb_build_object('first_bad', o.bar_seq)
            WHEN 'duplicate_local_day' THEN jsonb_build_object(
                'day', o.day, 'stamps', jsonb_build_array(o.ts_before, o.ts), 'tz', v_tz)
            WHEN 'days_out_of_order' THEN jsonb_build_object(
                'days', jsonb_build_array(o.day_before, o.day),
                'stamps', jsonb_build_array(o.ts_before, o.ts))
            WHEN 'price_jump' THEN jsonb_build_object('ratio', o.close / o.price_before)
            ELSE '{}'
        END
    FROM offences AS o
    WHERE o.ordinal = 1;
END;
$$;
