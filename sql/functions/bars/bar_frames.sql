-- bar_frames: from where on the bars of some timeframes are computed.
--   p_id         asset id
--   p_tfs        timeframes (not 1D)
--   p_from_rows  for each of them the row number (1d bar_seq) of the first day that may differ; 1: all
--   p_session_before   the newest session before the asset's first day; NULL: the day before
-- Returns   a row per timeframe: kind, n and first_unit of its bars; bar, the first bar to compute, and
--           first_row, the row number of its first day.
-- Errors    none.   Cost  a few index probes per timeframe.
-- Rule      the bar of the day before the change is computed again, since it may close late or open again.
CREATE OR REPLACE FUNCTION bar_frames(p_id int, p_tfs text[], p_from_rows int[], p_session_before date)
RETURNS TABLE (tf text, kind text, n int, first_unit int, bar int, first_row int)
LANGUAGE plpgsql STABLE ROWS 150
SET search_path FROM CURRENT
SET enable_nestloop = on
SET plan_cache_mode = force_generic_plan
AS $$
#variable_conflict use_column
DECLARE
    v_first_day date;
BEGIN
    SELECT d.day INTO v_first_day FROM cmc_price_bars_1d AS d WHERE d.id = p_id AND d.bar_seq = 1;
    RETURN QUERY
    SELECT
        t.tf, t.kind, t.n, t.first_unit, t.bar,
        CASE
            WHEN t.from_row <= 1 THEN 1
            WHEN t.kind = 'D' THEN (t.bar - 1) * t.n + 1
            WHEN b.first_row < t.from_row THEN b.first_row
            ELSE 1
        END
    FROM (
        SELECT
            u.tf, u.kind, u.n, u.first_unit, u.from_row,
            CASE
                WHEN u.from_row <= 1 THEN -2147483648
                WHEN u.kind = 'D' THEN (u.from_row - 1) / u.n + 1
                WHEN calendar_unit(u.kind, u.day_before) < u.first_unit THEN -2147483648
                ELSE bar_of_unit(u.n, u.first_unit, calendar_unit(u.kind, u.day_before))
            END AS bar
        FROM (
            SELECT
                g.tf, c.unit_kind AS kind, c.tf_qty AS n,
                first_unit(
                    c.unit_kind, c.tf_qty, c.allow_partial_start, v_first_day, p_session_before
                ) AS first_unit,
                g.from_row,
                (SELECT d.day FROM cmc_price_bars_1d AS d
                    WHERE d.id = p_id AND d.bar_seq = g.from_row - 1) AS day_before
            FROM unnest(p_tfs, p_from_rows) AS g (tf, from_row)
            INNER JOIN dim_timeframe AS c ON c.tf = g.tf
            OFFSET 0
        ) AS u
        OFFSET 0
    ) AS t
    LEFT JOIN LATERAL (
        SELECT o.first_row FROM bars AS o
        WHERE o.id = p_id AND o.tf = t.tf AND o.bar_seq = t.bar OFFSET 0
    ) AS b ON true;
END;
$$;
