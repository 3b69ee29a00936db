-- merge_prices: bring the staged days of price_days into the raw table.
--   p_on_conflict   'first', 'last' or NULL: which line counts when lines of one day differ
--   p_replace       stored days between an asset's first and last staged one that no line has are deleted
--   p_sparse        take days that lie weeks or months apart
-- Returns   a row for each asset: id, symbol, read (lines), inserted, updated, deleted, unchanged (days),
--           duplicates (lines of days that had one), earliest ("timestamp" of the first change), factor (all
--           stored days came anew by one).
-- Errors    TA004 for what an option answers (conflicts, another stamp, basis or scale, spacing), TA011 for
--           prices within the day.
-- Cost      one join of staged and stored days, then what is written.
-- Rule      all or nothing: it ends in one transaction with what was staged.
CREATE OR REPLACE FUNCTION merge_prices(p_on_conflict text, p_replace boolean, p_sparse boolean)
RETURNS TABLE (
    id int, symbol text, read bigint, inserted bigint, updated bigint, deleted bigint, unchanged bigint,
    duplicates bigint, earliest timestamptz, factor float8)
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
DECLARE
    v_lost jsonb;
    v_factors jsonb;
    v_symbols jsonb;
    v_ids int[];
    v_is_first boolean;
    v_is_bold boolean;
    v_is_whole boolean;
BEGIN
    IF NOT EXISTS (SELECT 1 FROM read_lines) THEN
        INSERT INTO read_lines (id, lines, first, last)
        SELECT d.id, count(*), min(d."timestamp"), max(d."timestamp") FROM price_days AS d GROUP BY d.id;
    END IF;
    v_ids := ARRAY(SELECT r.id FROM read_lines AS r ORDER BY r.id);
    -- One load at a time for each asset.
    PERFORM 1 FROM assets AS a WHERE a.id = ANY (v_ids) ORDER BY a.id FOR NO KEY UPDATE;
    v_is_first := NOT EXISTS (SELECT 1 FROM cmc_price_histories7 AS h WHERE h.id = ANY (v_ids));
    v_is_bold := v_is_first AND NOT is_cluster()
        AND NOT EXISTS (SELECT 1 FROM price_files AS f WHERE f.stamp = 'close');
    IF NOT v_is_bold THEN
        PERFORM settle_lines(p_on_conflict);
    END IF;
    IF NOT p_sparse THEN
        PERFORM check_spacing();
    END IF;
    PERFORM check_twice_stamped();
    IF NOT v_is_first THEN
        IF is_cluster() THEN
            PERFORM fetch_stored_days(true);
            PERFORM compare_days('stored_days');
        ELSE
            PERFORM compare_days('cmc_price_histories7');
            PERFORM fetch_stored_days(false);
        END IF;
        IF p_replace THEN
            PERFORM find_deleted_days();
        END IF;
        PERFORM check_stamps(p_replace);
    END IF;
    PERFORM check_basis(p_replace);
    IF NOT v_is_first THEN
        SELECT jsonb_object_agg(s.id, s.factor) INTO v_factors FROM check_scale() AS s;
    END IF;
    IF v_is_bold THEN
        PERFORM write_first_days(p_on_conflict, p_sparse);
    ELSE
        PERFORM write_days(v_is_first);
    END IF;
    SELECT jsonb_object_agg(t.id, t.lines) INTO v_lost
    FROM (SELECT w.id, sum(w.lines - 1) AS lines FROM twice_days AS w GROUP BY w.id) AS t;
    SELECT jsonb_object_agg(a.id, a.symbol) INTO v_symbols FROM assets AS a
    WHERE a.id = ANY (v_ids) AND a.symbol IS NOT NULL;
    v_is_whole := NOT EXISTS (SELECT 1 FROM read_assets);
    RETURN QUERY
    SELECT n.id, v_symbols ->> n.id::text, n.lines, coalesce(c.inserted, 0), coalesce(c.updated, 0),
        coalesce(g.deleted, 0), n.days - coalesce(c.inserted, 0) - coalesce(c.updated, 0), n.lines - n.days,
        least(c.earliest, g.earliest), (v_factors ->> n.id::text)::float8
    FROM (
        SELECT r.id, r.lines, r.first, r.lines - coalesce((v_lost ->> r.id::text)::bigint, 0) AS days
        FROM read_lines AS r
    ) AS n
    LEFT JOIN (
        SELECT w.id, count(*) FILTER (WHERE w.is_new) AS inserted,
            count(*) FILTER (WHERE NOT w.is_new) AS updated, min(w."timestamp") AS earliest
        FROM changed_days AS w GROUP BY w.id
    ) AS k ON k.id = n.id
    LEFT JOIN (
        SELECT d.id, count(*) AS inserted, min(d."timestamp") AS earliest
        FROM price_days AS d WHERE v_is_first AND NOT v_is_whole GROUP BY d.id
    ) AS p ON p.id = n.id
    CROSS JOIN LATERAL (
        SELECT k.updated,
            CASE
                WHEN v_is_first AND v_is_whole THEN n.days
                WHEN v_is_first THEN p.inserted
                ELSE k.inserted
            END AS inserted,
            CASE
                WHEN v_is_first AND v_is_whole THEN n.first
                WHEN v_is_first THEN p.earliest
                ELSE k.earliest
            END AS earliest
    ) AS c
    LEFT JOIN (
        SELECT w.id, count(*) AS deleted, min(w."timestamp") AS earliest FROM deleted_days AS w GROUP BY w.id
    ) AS g ON g.id = n.id
    ORDER BY n.id;
END;
$$;
