-- settle_lines: leave one line a day in price_days.
--   p_on_conflict   'first', 'last': which line of a day counts when they differ; NULL: neither
-- Returns   nothing; twice_days keeps the keys with several lines.
-- Errors    TA011 when more than one day in twenty of an asset has rows at different times; TA004 when lines
--           of a day differ and nothing says which counts.
-- Cost      one pass over lines in order; else one grouping of all, and nothing more when every day has one.
-- Rule      equal lines are one. First and last go by the order of the files, then of their lines.
CREATE OR REPLACE FUNCTION settle_lines(p_on_conflict text)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $$
DECLARE
    v_text text;
    v_count bigint;
    v_id int;
BEGIN
    IF lines_are_in_order() THEN
        RETURN;
    END IF;
    INSERT INTO twice_days (id, "timestamp", lines, has_times)
    SELECT d.id, d."timestamp", count(*), min(d.clock) <> max(d.clock) FROM price_days AS d
    GROUP BY d.id, d."timestamp" HAVING count(*) > 1;
    IF NOT EXISTS (SELECT 1 FROM twice_days) THEN
        RETURN;
    END IF;
    SELECT t.id, format('%s of %s days', t.days, n.days) INTO v_id, v_text
    FROM (SELECT w.id, count(*) AS days FROM twice_days AS w WHERE w.has_times GROUP BY w.id) AS t
    CROSS JOIN LATERAL (
        SELECT count(DISTINCT d."timestamp") AS days FROM price_days AS d WHERE d.id = t.id
    ) AS n
    WHERE n.days >= 20 AND t.days * 20 > n.days
    ORDER BY t.id LIMIT 1;
    IF v_id IS NOT NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'TA011',
            MESSAGE = 'prices within the day, not daily ones',
            DETAIL = format('asset %s: several rows at different times on %s', asset_label(v_id), v_text),
            HINT = 'Load daily prices; nothing was loaded.';
    END IF;
    IF p_on_conflict IS NULL THEN
        SELECT count(*), string_agg(c.words, '; ' ORDER BY c.id, c."timestamp") FILTER (WHERE c.place <= 5)
        INTO v_count, v_text
        FROM (
            SELECT f.*, row_number() OVER (ORDER BY f.id, f."timestamp") AS place FROM find_conflicts() AS f
        ) AS c;
        IF v_count > 0 THEN
            RAISE EXCEPTION USING
                ERRCODE = 'TA004',
                MESSAGE = format('%s day%s given twice with different values', v_count,
                    CASE WHEN v_count = 1 THEN ' is' ELSE 's are' END),
                DETAIL = concat(v_text, CASE WHEN v_count > 5 THEN format('; and %s more', v_count - 5) END),
                HINT = '--on-conflict first or --on-conflict last says which counts; nothing was loaded.';
        END IF;
    END IF;
    DELETE FROM price_days AS d
    USING (
        SELECT p.ctid AS row_id, row_number() OVER (
            PARTITION BY p.id, p."timestamp"
            ORDER BY CASE WHEN p_on_conflict = 'last' THEN -p.file ELSE p.file END,
                CASE WHEN p_on_conflict = 'last' THEN -p.line ELSE p.line END) AS place
        FROM price_days AS p JOIN twice_days AS t ON t.id = p.id AND t."timestamp" = p."timestamp"
    ) AS o
    WHERE d.ctid = o.row_id AND o.place > 1;
END;
$$;
