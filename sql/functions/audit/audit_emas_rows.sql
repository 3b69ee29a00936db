-- audit_emas_rows: read every row of the long EMA relations and check it by itself and against the row
--   before.
--   p_id   asset id
-- Returns   findings (error), detail with variant: ema_duplicate_key, ema_roll_mismatch, ema_null_pattern,
--           ema_derivative, ema_ts_unknown.
-- Errors    none.
-- Cost      all rows of the asset, some 20 us each: minutes for a long history. So it is called only when one
--           of its checks is asked for.
-- Rule      rows follow from vectors and days, which audit_emas proves; this looks at what users see.
CREATE OR REPLACE FUNCTION audit_emas_rows(p_id int)
RETURNS SETOF finding
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
SET work_mem = '64MB'
AS $$
DECLARE
    v_days timestamptz[] := ARRAY(SELECT d."timestamp" FROM cmc_price_bars_1d AS d WHERE d.id = p_id);
    v_closing_tfs text[];
    v_closing timestamptz[];
BEGIN
    SELECT array_agg(c.tf), array_agg(c.ts) INTO v_closing_tfs, v_closing
    FROM (
        SELECT b.tf, b.time_close AS ts FROM bars AS b WHERE b.id = p_id AND b.is_closed
        UNION ALL
        SELECT '1D', d."timestamp" FROM cmc_price_bars_1d AS d WHERE d.id = p_id
    ) AS c;
    RETURN QUERY
    WITH shown AS MATERIALIZED (
        SELECT u.*, x.by_calendar
        FROM emas_shown(p_id) AS u
        INNER JOIN (
            SELECT DISTINCT g.alignment_source, g.in_bar_space AND g.in_day_space AS by_calendar
            FROM taxonomy() AS g
        ) AS x ON x.alignment_source = u.alignment_source
    ),
    neighbours AS (
        SELECT
            s.*, c.ts IS NOT NULL AS is_closing, d.ts IS NOT NULL AS is_day,
            row_number() OVER w AS nth, lag(s.ts) OVER w AS ts_before, lag(s.ema) OVER w AS ema_before,
            lag(s.d1_roll) OVER w AS d1_roll_before, lag(s.ema_bar) OVER w AS ema_bar_before,
            lag(s.d1_roll_bar) OVER w AS d1_roll_bar_before,
            row_number() OVER k AS nth_alike, lag(s.ema) OVER k AS ema_alike, lag(s.d1) OVER k AS d1_alike,
            lag(s.ema_bar) OVER k AS ema_bar_alike, lag(s.d1_bar) OVER k AS d1_bar_alike
        FROM shown AS s
        LEFT JOIN unnest(v_closing_tfs, v_closing) AS c (tf, ts) ON c.tf = s.tf AND c.ts = s.ts
        LEFT JOIN unnest(v_days) AS d (ts) ON d.ts = s.ts
        WINDOW
            w AS (PARTITION BY s.tf, s.period, s.alignment_source ORDER BY s.ts),
            -- Canonical rows among themselves.
            k AS (PARTITION BY s.tf, s.period, s.alignment_source, s.roll ORDER BY s.ts)
    ),
    offences AS (
        SELECT v.name, v.column_name, r.alignment_source, r.tf, r.period, r.ts
        FROM neighbours AS r
        CROSS JOIN LATERAL (VALUES
            ('ema_duplicate_key', NULL, r.ts = r.ts_before),
            ('ema_ts_unknown', NULL, NOT r.is_day),
            ('ema_roll_mismatch', NULL, r.roll = r.is_closing OR (r.by_calendar AND r.roll_bar <> r.roll)),
            ('ema_null_pattern', 'ema', r.ema IS NULL),
            ('ema_null_pattern', 'd1', (r.d1 IS NULL) <> (r.roll OR r.nth_alike = 1)),
            ('ema_null_pattern', 'd2', (r.d2 IS NULL) <> (r.roll OR r.nth_alike <= 2)),
            ('ema_null_pattern', 'd1_roll', (r.d1_roll IS NULL) <> (r.nth = 1)),
            ('ema_null_pattern', 'd2_roll', (r.d2_roll IS NULL) <> (r.nth <= 2)),
            ('ema_null_pattern', 'ema_bar', (r.ema_bar IS NULL) = r.by_calendar),
            ('ema_null_pattern', 'roll_bar', (r.roll_bar IS NULL) = r.by_calendar),
            ('ema_null_pattern', 'd1_bar',
                (r.d1_bar IS NULL) <> (NOT r.by_calendar OR r.roll OR r.nth_alike = 1)),
            ('ema_null_pattern', 'd2_bar',
                (r.d2_bar IS NULL) <> (NOT r.by_calendar OR r.roll OR r.nth_alike <= 2)),
            ('ema_null_pattern', 'd1_roll_bar', (r.d1_roll_bar IS NULL) <> (NOT r.by_calendar OR r.nth = 1)),
            ('ema_null_pattern', 'd2_roll_bar', (r.d2_roll_bar IS NULL) <> (NOT r.by_calendar OR r.nth <= 2)),
            ('ema_derivative', 'd1', r.d1 <> r.ema - r.ema_alike),
            ('ema_derivative', 'd2', r.d2 <> r.d1 - r.d1_alike),
            ('ema_derivative', 'd1_roll', r.d1_roll <> r.ema - r.ema_before),
            ('ema_derivative', 'd2_roll', r.d2_roll <> r.d1_roll - r.d1_roll_before),
            ('ema_derivative', 'd1_bar', r.d1_bar <> r.ema_bar - r.ema_bar_alike),
            ('ema_derivative', 'd2_bar', r.d2_bar <> r.d1_bar - r.d1_bar_alike),
            ('ema_derivative', 'd1_roll_bar', r.d1_roll_bar <> r.ema_bar - r.ema_bar_before),
            ('ema_derivative', 'd2_roll_bar', r.d2_roll_bar <> r.d1_roll_bar - r.d1_roll_bar_before)
        ) AS v (name, column_name, is_bad)
        WHERE v.is_bad
    )
    SELECT
        o.name, 'error', p_id, o.tf, o.period, min(o.ts),
        jsonb_strip_nulls(jsonb_build_object(
            'variant', o.alignment_source, 'n', count(*), 'column', min(o.column_name)))
    FROM offences AS o
    GROUP BY o.name, o.alignment_source, o.tf, o.period;
END;
$$;
