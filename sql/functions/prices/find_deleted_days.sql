-- find_deleted_days: the stored days that a replacement takes away, into deleted_days.
-- Returns   nothing.
-- Errors    none.   Cost  one pass over stored_days.
-- Rule      between an asset's first and last local day in price_days, what no line has; a day whose line
--           was left out stays.
CREATE OR REPLACE FUNCTION find_deleted_days()
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $$
BEGIN
    INSERT INTO deleted_days (id, "timestamp", day)
    SELECT h.id, h."timestamp", h.day
    FROM stored_days AS h
    JOIN (
        SELECT d.id, min(local_day_of(d.local_day, d."timestamp", 'UTC')) AS first,
            max(local_day_of(d.local_day, d."timestamp", 'UTC')) AS last
        FROM price_days AS d GROUP BY d.id
    ) AS r ON r.id = h.id AND h.day BETWEEN r.first AND r.last
    LEFT JOIN price_days AS d ON d.id = h.id AND d."timestamp" = h."timestamp"
    LEFT JOIN protected_days AS p ON p.id = h.id AND p.day = h.day
    WHERE d.id IS NULL AND p.id IS NULL;
END;
$$;
