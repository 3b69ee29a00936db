-- record_day_of_many: write down in the states of bars and EMAs that some assets took one more day up.
--   p_days    how their days stood before (days_of_many_due)
--   p_ids, p_groups, p_live   for each asset and group of bars that has vectors: live series of EMAs
-- Returns   nothing.
-- Errors    none.   Cost  a row per asset and group.
-- Rule      as append_bar_groups and append_ema_groups; a day at the end needs no mark.
CREATE OR REPLACE FUNCTION record_day_of_many(p_days day_facts[], p_ids int[], p_groups text[], p_live int[])
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $$
DECLARE
    v_now timestamptz := now();
BEGIN
    UPDATE bars_state AS s SET
        last_ts = d.dirty_from, n_rows = d.n_rows + 1, updated_at = v_now
    FROM unnest(p_days) AS d WHERE s.id = d.id;
    UPDATE emas_state AS e SET
        last_ts = d.dirty_from, n_rows = d.n_rows + 1, series = coalesce(c.n_live, e.series),
        updated_at = v_now
    FROM unnest(p_days) AS d
    CROSS JOIN stored_groups() AS x
    LEFT JOIN unnest(p_ids, p_groups, p_live) AS c (id, bar_group, n_live)
        ON c.id = d.id AND c.bar_group = x.bar_group
    WHERE e.id = d.id AND e.ema_group = x.ema_group;
END;
$$;
