-- lines_are_in_order: whether the lines of price_days lie so that each day has one line for certain.
-- Returns   true when each asset's lines lie together with its days rising or falling; or each day's lines
--           together with ids rising or falling. False says nothing.
-- Errors    none.   Cost  one pass without sorting, whatever its size.
-- Rule      true of the order in which the rows are read, whichever that is: no key can come back.
CREATE OR REPLACE FUNCTION lines_are_in_order()
RETURNS boolean
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
DECLARE
    v_assets bigint;
    v_days bigint;
    v_of_assets boolean;
    v_of_days boolean;
BEGIN
    SELECT
        count(*) FILTER (WHERE o.id IS DISTINCT FROM o.last_id),
        count(*) FILTER (WHERE o.stamp IS DISTINCT FROM o.last_stamp),
        coalesce(bool_and(o.stamp > o.last_stamp) FILTER (WHERE o.id = o.last_id), true)
        OR coalesce(bool_and(o.stamp < o.last_stamp) FILTER (WHERE o.id = o.last_id), true),
        coalesce(bool_and(o.id > o.last_id) FILTER (WHERE o.stamp = o.last_stamp), true)
        OR coalesce(bool_and(o.id < o.last_id) FILTER (WHERE o.stamp = o.last_stamp), true)
    INTO v_assets, v_days, v_of_assets, v_of_days
    FROM (
        SELECT d.id, d."timestamp" AS stamp, lag(d.id) OVER () AS last_id,
            lag(d."timestamp") OVER () AS last_stamp
        FROM price_days AS d
    ) AS o;
    IF v_of_assets AND v_assets = (SELECT count(DISTINCT d.id) FROM price_days AS d) THEN
        RETURN true;
    END IF;
    RETURN v_of_days AND v_days = (SELECT count(DISTINCT d."timestamp") FROM price_days AS d);
END;
$$;
