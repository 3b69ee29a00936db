-- Whether days may be read in two ways, and whether some can't be read at all.
SELECT
    (
        SELECT coalesce(bool_or(
            t.dmy IS DISTINCT FROM t.mdy OR t.ymd IS NOT NULL AND t.ymd IS DISTINCT FROM t.dmy), false)
        FROM price_texts AS t
    ) AS in_two_ways,
    (SELECT coalesce(bool_or(t.dmy IS NULL OR t.mdy IS NULL), false) FROM price_texts AS t)
    OR (SELECT coalesce(bool_or(f.stamp = 'close' OR f.day_format IS NOT NULL), false) FROM price_files AS f)
        AS unread
