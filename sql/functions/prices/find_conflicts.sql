-- find_conflicts: the days of price_days whose lines differ.
-- Returns   a row for each: id, "timestamp", words (the asset, the day, both lines, the values that differ).
-- Errors    none.   Cost  the lines of days that have several.
-- Rule      the first line of a day is compared with the next one that differs from it.
CREATE OR REPLACE FUNCTION find_conflicts()
RETURNS TABLE (id int, "timestamp" timestamptz, words text)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT t.id, t."timestamp", format('asset %s, %s: %s and %s: %s',
        asset_label(t.id), local_day_of(a.local_day, a."timestamp", 'UTC'),
        format('%s line %s', fa.shown, a.line), format('%s line %s', fb.shown, b.line), differing.names)
    FROM twice_days AS t
    CROSS JOIN LATERAL (
        SELECT p.* FROM price_days AS p
        WHERE p.id = t.id AND p."timestamp" = t."timestamp" ORDER BY p.file, p.line LIMIT 1
    ) AS a
    CROSS JOIN LATERAL (
        SELECT p.* FROM price_days AS p
        WHERE p.id = t.id AND p."timestamp" = t."timestamp"
            AND (p.open, p.high, p.low, p.close, p.volume, p.marketcap, p.timehigh, p.timelow)
            IS DISTINCT FROM (a.open, a.high, a.low, a.close, a.volume, a.marketcap, a.timehigh, a.timelow)
        ORDER BY p.file, p.line LIMIT 1
    ) AS b
    JOIN price_files AS fa ON fa.file = a.file
    JOIN price_files AS fb ON fb.file = b.file
    CROSS JOIN LATERAL (
        SELECT string_agg(
            format('%s %s or %s', v.name, coalesce(v.one, 'none'), coalesce(v.other, 'none')), ', ')
        FROM (VALUES
            ('open', a.open::text, b.open::text), ('high', a.high::text, b.high::text),
            ('low', a.low::text, b.low::text), ('close', a.close::text, b.close::text),
            ('volume', a.volume::text, b.volume::text), ('market cap', a.marketcap::text, b.marketcap::text),
            ('time of high', a.timehigh::text, b.timehigh::text),
            ('time of low', a.timelow::text, b.timelow::text)
        ) AS v (name, one, other)
        WHERE v.one IS DISTINCT FROM v.other
    ) AS differing (names);
END;
$$;
