-- accepted_days: what was accepted of an asset.
--   p_id   asset id
-- Returns   an object: for each check the accepted days as text of a datemultirange; NULL: nothing.
-- Errors    none.   Cost  an index range.
-- Rule      a value, so that audits look at it day by day (is_told).
CREATE OR REPLACE FUNCTION accepted_days(p_id int)
RETURNS jsonb
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
DECLARE
    v_checks text[];
    v_days daterange[];
BEGIN
    SELECT array_agg(a."check"), array_agg(daterange(a.first_day, a.last_day, '[]')) INTO v_checks, v_days
    FROM accepted_findings AS a WHERE a.id = p_id;
    IF v_checks IS NULL THEN
        RETURN NULL;
    END IF;
    RETURN (
        SELECT jsonb_object_agg(c."check", c.days)
        FROM (
            SELECT a."check", range_agg(a.days)::text AS days
            FROM unnest(v_checks, v_days) AS a ("check", days)
            GROUP BY a."check"
        ) AS c);
END;
$$;
