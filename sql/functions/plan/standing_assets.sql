-- standing_assets: the assets whose bars and EMAs surely stand where their validated days do.
--   p_ids          assets (NULL: all)
--   p_families     families of bars, p_variants variants of EMAs that are asked for (NULL: all)
--   p_tz           a zone that the assets are given (NULL: their own)
-- Returns   ids, in no order. Of one that is missing bar_work and ema_work decide.
-- Errors    none.
-- Cost      one query over all assets: index probes and a look at each state.
-- Rule      counts what is shown to stand, so that what is unknown is never called so: nothing left behind or
--           marked, every group built from the catalogue of today, in the asset's zone and after its
--           calendar, up to the newest validated day. Equal by asset: a cluster answers it node by node.
--           Long, since it is one statement.
CREATE OR REPLACE FUNCTION standing_assets(p_ids int[], p_families text[], p_variants text[], p_tz text)
RETURNS SETOF int
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
-- Of what groups have to fulfil the planner expects that one does: it would compare each asset with each.
SET enable_nestloop = off
AS $$
DECLARE
    v_zone text := default_tz();
    v_bar_groups text[] := ARRAY(
        SELECT DISTINCT x.bar_group FROM taxonomy() AS x
        WHERE x.variant = x.family AND (p_families IS NULL OR x.family = ANY(p_families)));
    v_ema_groups text[] := ARRAY(
        SELECT DISTINCT x.ema_group FROM taxonomy() AS x
        WHERE p_variants IS NULL OR x.variant = ANY(p_variants));
    v_periods int[] := ARRAY(SELECT p.period FROM dim_period AS p ORDER BY p.period);
    v_bars text[] := ARRAY(
        SELECT DISTINCT t.bar_group FROM dim_timeframe AS t
        WHERE t.bar_group = ANY(v_bar_groups) AND t.tf <> '1D' AND t.is_canonical);
    v_emas text[] := ARRAY(
        SELECT x.ema_group FROM stored_groups() AS x
        WHERE x.ema_group = ANY(v_ema_groups) AND (x.has_1d OR x.bar_group = ANY(v_bars)));
    v_with_days text[] := ARRAY(SELECT x.ema_group FROM stored_groups() AS x WHERE x.has_1d);
    -- A kept plan finds those of a list by index.
    v_least int := coalesce((SELECT min(i) FROM unnest(p_ids) AS i), -2147483648);
    v_most int := coalesce((SELECT max(i) FROM unnest(p_ids) AS i), 2147483647);
BEGIN
    RETURN QUERY
    SELECT s.id
    FROM cmc_price_bars_1d_state AS s
    INNER JOIN (
        SELECT
            b.id, min(b.n_rows) AS n_rows, min(b.first_ts) AS first_ts, min(b.last_ts) AS last_ts,
            bool_and(b.tz = coalesce(p_tz, z.tz, v_zone) AND b.calendar IS NOT DISTINCT FROM z.calendar)
            AS is_cast,
            count(*) FILTER (WHERE b.bar_group = ANY(v_bar_groups)) AS built,
            count(*) FILTER (WHERE b.bar_group = ANY(v_bars)) AS asked,
            count(*) FILTER (WHERE b.bar_group = ANY(v_bar_groups)
                AND b.calendar_version IS NOT DISTINCT FROM c.version
                -- Both are in catalogue order, so equal sets are equal arrays.
                AND (b.tfs = k.tfs OR b.tfs = ARRAY(
                    SELECT t.tf FROM dim_timeframe AS t
                    WHERE
                        t.bar_group = b.bar_group AND t.tf <> '1D'
                        AND (t.is_canonical OR t.tf = ANY(b.tfs))
                    ORDER BY t.display_order, t.tf))) AS current
        FROM bars_state AS b
        INNER JOIN assets AS z ON z.id = b.id
        LEFT JOIN (
            SELECT t.bar_group, array_agg(t.tf ORDER BY t.display_order, t.tf) AS tfs
            FROM dim_timeframe AS t
            WHERE t.tf <> '1D' AND t.is_canonical
            GROUP BY t.bar_group
        ) AS k ON k.bar_group = b.bar_group
        LEFT JOIN calendars_applied AS c ON c.calendar = b.calendar
        WHERE b.id BETWEEN v_least AND v_most AND (p_ids IS NULL OR b.id = ANY(p_ids))
        GROUP BY b.id
        HAVING
            min(b.n_rows) = max(b.n_rows) AND min(b.first_ts) = max(b.first_ts)
            AND min(b.last_ts) = max(b.last_ts)
    ) AS b ON b.id = s.id
    LEFT JOIN (
        SELECT
            e.id, min(e.n_rows) AS n_rows,
            count(*) AS built,
            count(*) FILTER (WHERE e.ema_group = ANY(v_emas)) AS asked,
            count(*) FILTER (WHERE
                e.n_rows = b.n_rows AND e.first_ts = b.first_ts AND e.last_ts = b.last_ts
                AND e.periods = v_periods
                AND e.tfs = CASE WHEN e.ema_group = ANY(v_with_days) THEN ARRAY['1D'] || b.tfs ELSE b.tfs END
            ) AS current
        FROM emas_state AS e
        LEFT JOIN bars_state AS b
            ON b.id = e.id AND b.bar_group = e.bar_group AND b.id BETWEEN v_least AND v_most
        WHERE
            e.id BETWEEN v_least AND v_most AND (p_ids IS NULL OR e.id = ANY(p_ids))
            AND e.ema_group = ANY(v_ema_groups)
        GROUP BY e.id
    ) AS e ON e.id = s.id
    WHERE
        s.id BETWEEN v_least AND v_most AND (p_ids IS NULL OR s.id = ANY(p_ids))
        AND s.last_src_ts IS NOT NULL
        AND b.is_cast AND b.current = b.built AND b.asked = cardinality(v_bars)
        AND coalesce(e.asked, 0) = cardinality(v_emas) AND coalesce(e.current = e.built, true)
        AND NOT EXISTS (SELECT 1 FROM bars_pending AS q WHERE q.id = s.id)
        AND NOT EXISTS (
            SELECT 1 FROM emas_pending AS q WHERE q.id = s.id AND q.ema_group = ANY(v_ema_groups))
        AND NOT EXISTS (
            SELECT 1 FROM bars_state AS x
            INNER JOIN bar_marks AS m ON m.id = x.id AND m.version > x.marks_read
            WHERE x.id = s.id AND x.id BETWEEN v_least AND v_most)
        AND NOT EXISTS (
            SELECT 1 FROM emas_state AS x
            INNER JOIN ema_marks AS m
                ON m.id = x.id AND m.version > x.marks_read AND m.output IN ('1d', x.bar_group)
            WHERE x.id = s.id AND x.id BETWEEN v_least AND v_most AND x.ema_group = ANY(v_ema_groups))
        AND (SELECT max(d.bar_seq) FROM cmc_price_bars_1d AS d WHERE d.id = s.id) = b.n_rows
        AND (SELECT d."timestamp" FROM cmc_price_bars_1d AS d WHERE d.id = s.id AND d.bar_seq = 1)
        = b.first_ts
        AND (SELECT d."timestamp" FROM cmc_price_bars_1d AS d WHERE d.id = s.id AND d.bar_seq = b.n_rows)
        = b.last_ts;
END;
$$;
