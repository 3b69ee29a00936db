-- plan_bar_groups: what is built of the groups of bars of some assets, beside what the catalogue asks for.
--   p_ids, p_groups   assets, groups of bars
--   p_anew    forget what was built: a timeframe that isn't asked for is dropped
--   p_tfs     only these timeframes (NULL: all that are asked for)
--   p_include_non_canonical  timeframes that aren't canonical are asked for too
-- Returns   a row per asset and group: its state (n_rows NULL: never built), pending_from (timeframes left
--           behind by a partial refresh), asset_tz: the zone that it should have,
--           calendar_change: rebuild (another calendar), revise (days of it changed) or NULL, change
--           (new timeframe, timeframe dropped or NULL), is_asked: p_tfs
--           has one of the group.
-- Errors    none.   Cost  one query: the catalogue, and the states of the assets.
-- Rule      the same sets as bar_groups_due makes for one asset.
CREATE OR REPLACE FUNCTION plan_bar_groups(
    p_ids int[], p_groups text[], p_anew boolean, p_tfs text[], p_include_non_canonical boolean)
RETURNS TABLE (
    id int, bar_group text, tz text, n_rows int, first_ts timestamptz, last_ts timestamptz,
    dirty_from timestamptz, pending_from timestamptz, change text, is_asked boolean,
    asset_tz text, calendar_change text)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
DECLARE
    -- One asset by its name: so it reaches every table, also behind a view.
    v_only int := CASE WHEN cardinality(p_ids) = 1 THEN p_ids[1] END;
BEGIN
    IF goes_one_by_one(p_ids) THEN
        RETURN QUERY
        SELECT f.* FROM unnest(p_ids) AS a (id) CROSS JOIN LATERAL plan_bar_groups(
            ARRAY[a.id], p_groups, p_anew, p_tfs, p_include_non_canonical) AS f;
        RETURN;
    END IF;
    RETURN QUERY
    WITH catalogue AS MATERIALIZED (
        SELECT
            g.bar_group,
            coalesce(array_agg(t.tf ORDER BY t.display_order, t.tf)
                FILTER (WHERE t.tf IS NOT NULL), '{}') AS known,
            coalesce(array_agg(t.tf ORDER BY t.display_order, t.tf) FILTER (
                WHERE CASE WHEN p_tfs IS NULL THEN t.is_canonical OR p_include_non_canonical
                    ELSE t.tf = ANY(p_tfs) END), '{}') AS asked
        FROM unnest(p_groups) AS g (bar_group)
        LEFT JOIN dim_timeframe AS t ON t.bar_group = g.bar_group AND t.tf <> '1D'
        GROUP BY g.bar_group
    )
    SELECT
        a.id, c.bar_group, s.tz, s.n_rows, s.first_ts, s.last_ts, s.dirty_from,
        (
            SELECT min(p.dirty_from) FROM bars_pending AS p
            WHERE p.id = a.id AND (v_only IS NULL OR p.id = v_only) AND p.bar_group = c.bar_group
                AND (p_tfs IS NULL OR p.tf = ANY(p_tfs))
        ),
        CASE
            -- Both are in catalogue order, so equal sets are equal arrays.
            WHEN s.id IS NULL OR s.tfs = c.asked THEN NULL
            WHEN NOT c.asked <@ s.tfs THEN 'new timeframe'
            WHEN NOT s.tfs <@ CASE WHEN p_anew THEN c.asked ELSE c.known END THEN 'timeframe dropped'
        END,
        -- A group without timeframes keeps no state.
        c.asked <> '{}' OR (p_tfs IS NULL AND s.id IS NOT NULL),
        coalesce(z.tz, default_tz()),
        CASE
            WHEN s.id IS NULL THEN NULL
            WHEN s.calendar IS DISTINCT FROM z.calendar THEN 'rebuild'
            WHEN EXISTS (
                SELECT 1 FROM calendar_days_due AS u
                WHERE u.id = a.id AND (v_only IS NULL OR u.id = v_only) AND u.bar_group = c.bar_group
            ) THEN 'revise'
        END
    FROM unnest(p_ids) AS a (id)
    CROSS JOIN catalogue AS c
    LEFT JOIN assets AS z ON z.id = a.id
    LEFT JOIN bars_state AS s
        ON s.id = a.id AND s.bar_group = c.bar_group AND (v_only IS NULL OR s.id = v_only);
END;
$$;
