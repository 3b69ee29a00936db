-- audit_bars_1d_splits: days whose close looks like the one before, split or merged.
--   p_id   asset id
-- Returns   findings: split_suspected; of n days the first with its split ('7:1': seven new shares for an old
--           one) and all days. warning for an asset with a calendar or with weekdays only, else info.
-- Errors    none.   Cost  one pass over the validated days in time order.
-- Rule      the close is within 3 % of a usual ratio of the close before, and the volume moved the other way;
--           or, for an asset with a calendar, the open is within 1 % of it, whatever the volume did that day.
CREATE OR REPLACE FUNCTION audit_bars_1d_splits(p_id int)
RETURNS SETOF finding
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
DECLARE
    v_accepted jsonb := accepted_days(p_id);
    v_has_calendar boolean;
    v_severity text;
BEGIN
    SELECT a.calendar IS NOT NULL INTO v_has_calendar FROM assets AS a WHERE a.id = p_id;
    v_has_calendar := coalesce(v_has_calendar, false);
    SELECT CASE
        WHEN trades_on_weekends(count(*) FILTER (WHERE extract(ISODOW FROM d.day) > 5), count(*))
            AND NOT v_has_calendar
            THEN 'info' ELSE 'warning' END
    INTO v_severity
    FROM cmc_price_bars_1d AS d WHERE d.id = p_id;
    RETURN QUERY
    WITH moves AS (
        SELECT
            d."timestamp" AS ts, d.day, d.volume, lag(d.volume) OVER w AS volume_before,
            d.close / nullif(lag(d.close) OVER w, 0) AS ratio,
            d.open / nullif(lag(d.close) OVER w, 0) AS opened
        FROM stored_days(p_id) AS d
        WINDOW w AS (ORDER BY d."timestamp")
    ),
    splits AS (
        SELECT m.*, s.split
        FROM moves AS m
        INNER JOIN (
            SELECT n.n || ':1' AS split, 1.0::float8 / n.n AS ratio
            FROM unnest(ARRAY[2, 3, 4, 5, 7, 8, 10, 15, 20, 25, 50, 100]) AS n (n)
            UNION ALL
            SELECT '1:' || n.n, n.n FROM unnest(ARRAY[2, 3, 4, 5, 7, 8, 10, 15, 20, 25, 50, 100]) AS n (n)
            UNION ALL
            VALUES ('3:2', 2.0::float8 / 3.0::float8), ('2:3', 1.5::float8)
        ) AS s
            ON (abs(m.ratio / s.ratio - 1.0::float8) <= 0.03::float8
                AND CASE WHEN m.ratio < 1 THEN m.volume > m.volume_before ELSE m.volume < m.volume_before END)
            OR (v_has_calendar AND abs(m.opened / s.ratio - 1.0::float8) <= 0.01::float8)
        WHERE
            m.ratio NOT BETWEEN 0.7::float8 AND 1.4::float8
            AND is_told(v_accepted, 'split_suspected', v_severity, m.day)
    )
    SELECT
        'split_suspected', v_severity, p_id, '1D', NULL::int, min(s.ts),
        jsonb_build_object(
            'n', count(*), 'split', (array_agg(s.split ORDER BY s.ts))[1],
            'ratio', (array_agg(s.ratio ORDER BY s.ts))[1],
            'days', jsonb_agg(s.day || ' ' || s.split ORDER BY s.ts))
    FROM splits AS s
    HAVING count(*) > 0;
END;
$$;
