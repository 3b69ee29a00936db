-- check_spacing: refuse prices that lie weeks or months apart.
-- Returns   nothing.
-- Errors    TA004 for an asset of 20 days or more in price_days of which half and more are 5 days or more
--           apart.
-- Cost      what read_lines tells; a sort of the assets whose days lie far apart on average.
-- Rule      the median distance of neighbouring days decides.
CREATE OR REPLACE FUNCTION check_spacing()
RETURNS void
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
DECLARE
    v_id int;
    v_days float8;
BEGIN
    SELECT g.id, percentile_disc(0.5) WITHIN GROUP (ORDER BY g.days) INTO v_id, v_days
    FROM (
        SELECT d.id, extract(EPOCH FROM d."timestamp" - lag(d."timestamp") OVER (
            PARTITION BY d.id ORDER BY d."timestamp")) / 86400 AS days
        FROM price_days AS d
        WHERE d.id IN (
            SELECT r.id FROM read_lines AS r
            LEFT JOIN (SELECT t.id, sum(t.lines - 1) AS lost FROM twice_days AS t GROUP BY t.id) AS w
                ON w.id = r.id
            WHERE r.lines - coalesce(w.lost, 0) >= 20
                AND r.last - r.first >= (r.lines - coalesce(w.lost, 0) - 1) * interval '60 hours')
    ) AS g
    WHERE g.days IS NOT NULL
    GROUP BY g.id
    HAVING percentile_disc(0.5) WITHIN GROUP (ORDER BY g.days) >= 5
    ORDER BY g.id LIMIT 1;
    IF v_id IS NOT NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'TA004',
            MESSAGE = 'weekly or monthly prices, not daily ones',
            DETAIL = format('asset %s: half of the rows are %s days or more apart',
                asset_label(v_id), v_days),
            HINT = '--sparse loads them as they are; nothing was loaded.';
    END IF;
END;
$$;
