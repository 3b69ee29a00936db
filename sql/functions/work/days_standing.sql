-- days_standing: how the validated days of an asset stand, for the decision what to do for its bars and EMAs.
--   p_id, p_tz   asset, and the zone that its days stand in
-- Returns   a row, with nothing to come.
-- Errors    none.   Cost  three index probes.
-- Rule      what a plan expects of a refresh of the days, seen afterwards.
CREATE OR REPLACE FUNCTION days_standing(p_id int, p_tz text)
RETURNS day_facts
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
DECLARE
    v_days day_facts;
BEGIN
    v_days.id := p_id;
    v_days.tz := p_tz;
    SELECT a.calendar INTO v_days.calendar FROM assets AS a WHERE a.id = p_id;
    SELECT d.bar_seq, d."timestamp" INTO v_days.n_rows, v_days.last_ts
    FROM cmc_price_bars_1d AS d WHERE d.id = p_id ORDER BY d.bar_seq DESC LIMIT 1;
    SELECT d."timestamp" INTO v_days.first_ts
    FROM cmc_price_bars_1d AS d WHERE d.id = p_id AND d.bar_seq = 1;
    v_days.new_days := 0;
    v_days.is_backfill := false;
    v_days.is_empty := v_days.n_rows IS NULL;
    v_days.n_rows := coalesce(v_days.n_rows, 0);
    IF v_days.is_empty THEN
        PERFORM 1 FROM bars AS b WHERE b.id = p_id LIMIT 1;
    END IF;
    v_days.has_bars := v_days.is_empty AND FOUND;
    RETURN v_days;
END;
$$;
