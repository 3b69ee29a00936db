-- recount_day: count one past day anew in the bars of an asset that has no row on it.
--   p_id      asset id
--   p_tfs     timeframes (not 1D) whose bars stand complete and begin where they did
--   p_day     a day between the asset's first and its newest that became a session, or ceased to be one
--   p_sessions   the asset's trading calendar as applied now (sessions_of_asset)
-- Returns   per timeframe with such a bar: touched_row, its first row; it came out otherwise.
-- Errors    none.   Cost  an index probe for each timeframe, and the bar's row.
-- Rule      the same bars as reshape_bars would write, in the usual case of a holiday that comes or goes: the
--           day is one missing more, or less, where it lies in the bar.
CREATE OR REPLACE FUNCTION recount_day(p_id int, p_tfs text[], p_day date, p_sessions asset_sessions)
RETURNS TABLE (tf text, touched_row int)
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
SET jit = off
SET plan_cache_mode = force_generic_plan
AS $$
#variable_conflict use_column
DECLARE
    v_first_day date := (SELECT d.day FROM cmc_price_bars_1d AS d WHERE d.id = p_id AND d.bar_seq = 1);
    v_row int := row_of_day(p_id, p_day);
    v_missing date[] := (p_sessions).missing_days;
    v_place int := width_bucket(p_day, v_missing);
    v_is_missing boolean := v_missing[v_place] IS NOT DISTINCT FROM p_day;
    v_more int := CASE WHEN v_is_missing THEN 1 ELSE -1 END;
    -- Missing sessions beside it.
    v_before date := v_missing[v_place - v_is_missing::int];
    v_after date := v_missing[v_place + 1];
    v_tfs text[];
    v_bars int[];
BEGIN
    SELECT array_agg(g.tf), array_agg(bar_of_day(g.kind, g.n, g.first_unit, v_row, p_day))
    INTO v_tfs, v_bars
    FROM (
        SELECT
            t.tf, t.unit_kind AS kind, t.tf_qty AS n,
            first_unit(
                t.unit_kind, t.tf_qty, t.allow_partial_start, v_first_day, (p_sessions).session_before
            ) AS first_unit
        FROM dim_timeframe AS t WHERE t.tf = ANY(p_tfs)
        OFFSET 0
    ) AS g
    -- After the last row of an N-day bar it lies between two bars.
    WHERE g.kind <> 'D' OR v_row % g.n > 0;
    RETURN QUERY
    UPDATE bars AS b SET
        missing_start = b.missing_start + CASE WHEN v_row < b.first_row THEN v_more ELSE 0 END,
        missing_interior = b.missing_interior
            + CASE WHEN v_row >= b.first_row AND v_row < b.last_row THEN v_more ELSE 0 END,
        missing_end = b.missing_end + CASE WHEN v_row >= b.last_row THEN v_more ELSE 0 END,
        first_missing_day = CASE
            WHEN b.missing_start + b.missing_interior + b.missing_end + v_more = 0 THEN NULL
            WHEN v_is_missing THEN least(b.first_missing_day, p_day)
            WHEN b.first_missing_day = p_day THEN v_after
            ELSE b.first_missing_day
        END,
        last_missing_day = CASE
            WHEN b.missing_start + b.missing_interior + b.missing_end + v_more = 0 THEN NULL
            WHEN v_is_missing THEN greatest(b.last_missing_day, p_day)
            WHEN b.last_missing_day = p_day THEN v_before
            ELSE b.last_missing_day
        END
    FROM unnest(v_tfs, v_bars) AS n (tf, bar_seq)
    WHERE b.id = p_id AND b.tf = n.tf AND b.bar_seq = n.bar_seq
    RETURNING b.tf, b.first_row;
END;
$$;
