-- rows_from: the numbers of an asset's first validated days from some moments on.
--   p_id     asset id
--   p_from   the moments; -infinity: all days
--   p_rows   number of validated days
-- Returns   an element per moment: bar_seq; 1 for -infinity, p_rows + 1 where there is no such day.
-- Errors    none.   Cost  an index probe for each moment that differs.
-- Rule      many timeframes wait since the same few moments.
CREATE OR REPLACE FUNCTION rows_from(p_id int, p_from timestamptz[], p_rows int)
RETURNS int[]
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
BEGIN
    RETURN ARRAY(
        SELECT m.row_no
        FROM unnest(p_from) WITH ORDINALITY AS u (from_ts, i)
        INNER JOIN (
            SELECT
                d.from_ts,
                CASE
                    WHEN d.from_ts = '-infinity' THEN 1
                    ELSE coalesce(row_from(p_id, d.from_ts), p_rows + 1)
                END AS row_no
            FROM (SELECT DISTINCT k.from_ts FROM unnest(p_from) AS k (from_ts)) AS d
            OFFSET 0
        ) AS m ON m.from_ts = u.from_ts
        ORDER BY u.i);
END;
$$;
