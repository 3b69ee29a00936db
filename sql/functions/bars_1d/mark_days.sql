-- mark_days: tell the readers of an asset's validated days from which of them on they changed.
--   p_id           asset id
--   p_marked_from  the first day in which something changed that bars are made of (NULL: none)
--   p_closes_from  the first in which something changed that EMAs are made of (NULL: none)
-- Returns   nothing.
-- Errors    none.   Cost  the states of one asset; its blocks of days from p_marked_from on.
-- Rule      blocks of days follow at once; bars and EMAs by a mark that their next refresh takes up.
CREATE OR REPLACE FUNCTION mark_days(p_id int, p_marked_from timestamptz, p_closes_from timestamptz)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $$
BEGIN
    IF p_marked_from IS NOT NULL THEN
        PERFORM keep_day_blocks(p_id, p_marked_from);
        UPDATE bars_state AS s SET dirty_from = p_marked_from
        WHERE s.id = p_id AND (s.dirty_from IS NULL OR s.dirty_from > p_marked_from);
    END IF;
    IF p_closes_from IS NOT NULL THEN
        UPDATE emas_state AS s SET
            dirty_from = least(s.dirty_from, p_closes_from),
            hidden_from = least(s.hidden_from, p_closes_from)
        WHERE
            s.id = p_id
            AND (s.dirty_from IS NULL OR s.hidden_from IS NULL
                OR s.dirty_from > p_closes_from OR s.hidden_from > p_closes_from);
    END IF;
END;
$$;
