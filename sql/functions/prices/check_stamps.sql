-- check_stamps: refuse days that are stored under another stamp.
--   p_replace   stored days between the first and the last new one are replaced
-- Returns   nothing.
-- Errors    TA004 naming up to three of them.
-- Cost      one join of new days with stored ones that are under no new stamp.
-- Rule      never two rows of an asset on one local day.
CREATE OR REPLACE FUNCTION check_stamps(p_replace boolean)
RETURNS void
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
DECLARE
    v_count bigint;
    v_text text;
    v_zones jsonb;
BEGIN
    IF NOT EXISTS (SELECT 1 FROM stored_days) THEN
        RETURN;
    END IF;
    SELECT jsonb_object_agg(a.id, a.tz) INTO v_zones FROM assets AS a
    WHERE a.id = ANY (ARRAY(SELECT DISTINCT n.id FROM changed_days AS n)) AND a.tz IS NOT NULL;
    SELECT count(*), string_agg(o.words, '; ' ORDER BY o.id, o.day) FILTER (WHERE o.place <= 3)
    INTO v_count, v_text
    FROM (
        SELECT h.id, h.day, row_number() OVER (ORDER BY h.id, h.day) AS place,
            format('asset %s, %s: stored as %s, now %s', asset_label(h.id), h.day,
                to_char(h."timestamp" AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS'),
                to_char(c."timestamp" AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS')) AS words
        FROM stored_days AS h
        JOIN (
            SELECT n.id, n."timestamp",
                local_day_of(n.local_day, n."timestamp", coalesce(v_zones ->> n.id::text, default_tz()))
                    AS day
            FROM changed_days AS n
        ) AS c ON c.id = h.id AND c.day = h.day AND c."timestamp" <> h."timestamp"
        LEFT JOIN price_days AS d ON d.id = h.id AND d."timestamp" = h."timestamp"
        LEFT JOIN deleted_days AS g ON g.id = h.id AND g."timestamp" = h."timestamp"
        WHERE d.id IS NULL AND g.id IS NULL
    ) AS o;
    IF v_count > 0 THEN
        RAISE EXCEPTION USING
            ERRCODE = 'TA004',
            MESSAGE = format('%s day%s stored under another stamp (UTC)', v_count,
                CASE WHEN v_count = 1 THEN ' is' ELSE 's are' END),
            DETAIL = concat(v_text, CASE WHEN v_count > 3 THEN format('; and %s more', v_count - 3) END),
            HINT = CASE
                WHEN p_replace THEN 'The file must hold these days to replace them; nothing was loaded.'
                ELSE '--replace puts the new days in place of the stored ones; nothing was loaded.'
            END;
    END IF;
END;
$$;
