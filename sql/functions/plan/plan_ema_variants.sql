-- plan_ema_variants: what is stored of the EMAs of some assets, beside what catalogue and bars ask for.
--   p_ids, p_variants   assets; multi_tf, multi_tf_v2, cal_us .. and cal, cal_anchor, the shared months and
--                       years
--   p_tfs     only these timeframes (NULL: all whose bars are built)
-- Returns   a row per asset and variant: bar_group, its state (n_rows NULL: never built), pending_from
--           (timeframes left behind by a partial refresh), change (new timeframe, timeframe dropped, new
--           period, period dropped or NULL), is_asked: p_tfs has one of the variant, has_bars: there is
--           something to make EMAs of.
-- Errors    none.   Cost  one query: the catalogue, and the states of the assets.
-- Rule      an EMA has the timeframes whose bars are built, N-day ones 1D too, and all periods of dim_period.
CREATE OR REPLACE FUNCTION plan_ema_variants(p_ids int[], p_variants text[], p_tfs text[])
RETURNS TABLE (
    id int, ema_group text, bar_group text, n_rows int, first_ts timestamptz, last_ts timestamptz,
    dirty_from timestamptz, pending_from timestamptz, change text, is_asked boolean, has_bars boolean)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
DECLARE
    -- One asset by its name: so it reaches every table, also behind a view.
    v_only int := CASE WHEN cardinality(p_ids) = 1 THEN p_ids[1] END;
    v_periods int[] := ARRAY(SELECT p.period FROM dim_period AS p ORDER BY p.period);
BEGIN
    IF goes_one_by_one(p_ids) THEN
        RETURN QUERY
        SELECT f.* FROM unnest(p_ids) AS a (id)
        CROSS JOIN LATERAL plan_ema_variants(ARRAY[a.id], p_variants, p_tfs) AS f;
        RETURN;
    END IF;
    RETURN QUERY
    WITH catalogue AS MATERIALIZED (
        SELECT
            v.ema_group,
            CASE v.ema_group WHEN 'multi_tf_v2' THEN 'multi_tf' ELSE v.ema_group END AS bar_group,
            p_tfs IS NULL OR EXISTS (
                SELECT 1 FROM dim_timeframe AS t
                WHERE t.tf = ANY(p_tfs) AND t.bar_group = replace(v.ema_group, '_v2', '')) AS is_asked
        FROM unnest(p_variants) AS v (ema_group)
    )
    SELECT
        a.id, c.ema_group, c.bar_group, s.n_rows, s.first_ts, s.last_ts,
        coalesce(s.dirty_from, s.hidden_from),
        (
            SELECT min(p.dirty_from) FROM emas_pending AS p
            WHERE p.id = a.id AND (v_only IS NULL OR p.id = v_only) AND p.ema_group = c.ema_group
                AND (p_tfs IS NULL OR p.tf = ANY(p_tfs))
        ),
        CASE
            WHEN s.id IS NULL THEN NULL
            WHEN NOT v_periods <@ s.periods THEN 'new period'
            WHEN NOT s.periods <@ v_periods THEN 'period dropped'
            WHEN b.id IS NULL OR array_remove(s.tfs, '1D') = b.tfs THEN NULL
            WHEN NOT b.tfs <@ s.tfs AND p_tfs IS NULL THEN 'new timeframe'
            WHEN EXISTS (
                SELECT 1 FROM unnest(b.tfs) AS t (tf) WHERE t.tf = ANY(p_tfs) AND NOT t.tf = ANY(s.tfs)
            ) THEN 'new timeframe'
            WHEN NOT array_remove(s.tfs, '1D') <@ b.tfs THEN 'timeframe dropped'
        END,
        c.is_asked,
        b.id IS NOT NULL OR (c.bar_group = 'multi_tf' AND EXISTS (
            SELECT 1 FROM dim_timeframe AS t WHERE t.tf = '1D'))
    FROM unnest(p_ids) AS a (id)
    CROSS JOIN catalogue AS c
    LEFT JOIN emas_state AS s
        ON s.id = a.id AND s.ema_group = c.ema_group AND (v_only IS NULL OR s.id = v_only)
    LEFT JOIN bars_state AS b
        ON b.id = a.id AND b.bar_group = c.bar_group AND (v_only IS NULL OR b.id = v_only);
END;
$$;
