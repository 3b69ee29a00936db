-- only_days_changed: whether all there is to do for an asset's bars is to count days of the past anew.
--   p_id, p_days, p_work   asset, how its validated days stand, what there is to do for its bars (bar_work)
-- Returns   true when days of its calendar changed between its first day and its newest, and nothing else.
-- Errors    none.   Cost  two index probes.
-- Rule      reshape_bar_groups does such work; all else goes its usual way.
CREATE OR REPLACE FUNCTION only_days_changed(p_id int, p_days day_facts, p_work bar_work[])
RETURNS boolean
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
DECLARE
    v_first date;
    v_last date;
BEGIN
    IF EXISTS (
        SELECT 1 FROM unnest(p_work) AS w
        WHERE
            w.reason <> 'calendar changed' OR w.is_recast OR w.tfs <> w.due OR w.changed_days IS NULL
            OR w.pending_from IS NOT NULL
            OR (w.n_rows, w.first_ts, w.last_ts) <> (p_days.n_rows, p_days.first_ts, p_days.last_ts))
    THEN
        RETURN false;
    END IF;
    SELECT d.day INTO v_first FROM cmc_price_bars_1d AS d WHERE d.id = p_id AND d.bar_seq = 1;
    SELECT d.day INTO v_last FROM cmc_price_bars_1d AS d WHERE d.id = p_id AND d.bar_seq = p_days.n_rows;
    RETURN NOT EXISTS (
        SELECT 1 FROM unnest(p_work) AS w CROSS JOIN LATERAL unnest(w.changed_days) AS u (day)
        WHERE NOT u.day BETWEEN v_first AND v_last);
END;
$$;
