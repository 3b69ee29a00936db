-- audit_bars_1d_stamps: do the stamps of an asset name its days?
--   p_id   asset id
-- Returns   findings: stamps_at_midnight (warning; n rows).
-- Errors    none.   Cost  one pass over the validated days.
-- Rule      a day that is stamped with its first instant is the day before it in zones west of UTC, and one
--           stamped with its last instant at midnight is the day after it east of them; only a local day of
--           the source settles which one is meant.
CREATE OR REPLACE FUNCTION audit_bars_1d_stamps(p_id int)
RETURNS SETOF finding
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
BEGIN
    RETURN QUERY
    SELECT
        'stamps_at_midnight', 'warning', p_id, '1D', NULL::int, min(d."timestamp"),
        jsonb_build_object('n', count(*))
    FROM cmc_price_bars_1d AS d
    WHERE d.id = p_id
    HAVING bool_and(d.local_day IS NULL AND d."timestamp" = date_trunc('day', d."timestamp", 'UTC'));
END;
$$;
