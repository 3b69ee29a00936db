-- check_days_order: refuse days that don't follow each other.
--   p_id    asset id
--   p_row   row number (1d bar_seq) of the first day to look at
-- Errors    TA010 a day isn't later than the one before it.
-- Cost      the days from there on, once.
-- Rule      a bar counts days, so each local day is there once, in the order of the stamps.
CREATE OR REPLACE FUNCTION check_days_order(p_id int, p_row int)
RETURNS void
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
DECLARE
    v_days date[];
    v_stamps timestamptz[];
    v_odd int;
BEGIN
    SELECT array_agg(d.day ORDER BY d.bar_seq), array_agg(d."timestamp" ORDER BY d.bar_seq)
    INTO v_days, v_stamps
    FROM cmc_price_bars_1d AS d WHERE d.id = p_id AND d.bar_seq >= p_row;
    v_odd := (
        SELECT u.i + 1
        FROM unnest(v_days[2:], v_days[:cardinality(v_days) - 1]) WITH ORDINALITY AS u (day, before, i)
        WHERE u.day <= u.before ORDER BY u.i LIMIT 1);
    IF v_odd IS NOT NULL THEN
        PERFORM raise_days_disorder(
            p_id, v_days[v_odd - 1], v_days[v_odd], v_stamps[v_odd - 1], v_stamps[v_odd]);
    END IF;
END;
$$;
