-- check_twice_stamped: refuse files that have a local day under two stamps.
-- Returns   nothing.
-- Errors    TA004 naming the first such day and where it stands.
-- Cost      nothing where all files name local days; else one grouping of price_days.
-- Rule      never two rows of an asset on one local day, in the asset's zone.
CREATE OR REPLACE FUNCTION check_twice_stamped()
RETURNS void
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
DECLARE
    v_id int;
    v_day date;
    v_count bigint;
    v_places text;
    v_zones jsonb;
BEGIN
    IF NOT EXISTS (SELECT 1 FROM price_files AS f WHERE f.stamp = 'close') THEN
        RETURN;
    END IF;
    SELECT jsonb_object_agg(a.id, a.tz) INTO v_zones FROM assets AS a
    WHERE a.id = ANY (ARRAY(SELECT DISTINCT d.id FROM price_days AS d)) AND a.tz IS NOT NULL;
    SELECT t.id, t.day, t.places, count(*) OVER () INTO v_id, v_day, v_places, v_count
    FROM (
        SELECT d.id, local_day_of(d.local_day, d."timestamp", coalesce(v_zones ->> d.id::text, default_tz()))
            AS day,
            string_agg(format('%s%s, %s', f.shown, ' line ' || d.line,
                to_char(d."timestamp" AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS')), '; '
                ORDER BY d.file, d.line) AS places
        FROM price_days AS d JOIN price_files AS f ON f.file = d.file
        GROUP BY 1, 2 HAVING count(*) > 1
    ) AS t
    ORDER BY t.id, t.day LIMIT 1;
    IF v_count > 0 THEN
        RAISE EXCEPTION USING
            ERRCODE = 'TA004',
            MESSAGE = format('%s day%s given under two stamps (UTC)', v_count,
                CASE WHEN v_count = 1 THEN ' is' ELSE 's are' END),
            DETAIL = format('asset %s, %s: %s', asset_label(v_id), v_day, v_places),
            HINT = 'Load one of the files, or leave out one of the lines; nothing was loaded.';
    END IF;
END;
$$;
