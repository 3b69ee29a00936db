-- moved_timeframes: timeframes whose bar 1 begins elsewhere, since days of the calendar changed.
--   p_id, p_work   asset, and what there is to do for its bars (bar_work)
--   p_sessions     its trading calendar as applied now (sessions_of_asset)
-- Returns   their names.
-- Errors    none.   Cost  nothing where no day changed; else the catalogue.
-- Rule      all bars of such a timeframe are others.
CREATE OR REPLACE FUNCTION moved_timeframes(p_id int, p_work bar_work[], p_sessions asset_sessions)
RETURNS text[]
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
DECLARE
    v_groups text[] := ARRAY(
        SELECT w.bar_group FROM unnest(p_work) AS w WHERE w.changed_days IS NOT NULL);
BEGIN
    IF v_groups = '{}' THEN
        RETURN v_groups;
    END IF;
    RETURN ARRAY(
        SELECT t.tf
        FROM bars_state AS s
        INNER JOIN dim_timeframe AS t ON t.bar_group = s.bar_group AND t.tf = ANY(s.tfs)
        WHERE
            s.id = p_id AND s.bar_group = ANY(v_groups)
            AND first_unit(t.unit_kind, t.tf_qty, t.allow_partial_start, s.first_day, s.session_before)
            <> first_unit(
                t.unit_kind, t.tf_qty, t.allow_partial_start, s.first_day, (p_sessions).session_before));
END;
$$;
