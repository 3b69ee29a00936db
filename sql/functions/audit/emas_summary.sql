-- emas_summary: what the EMA relations show, per variant, asset, timeframe and period, for people.
--   p_ids   asset ids; NULL: all
-- Returns   rows, canonical rows, first and last ts, and how many rows have no d1, d2, d1_roll, d2_roll (the
--           _bar columns of calendar variants have the same).
-- Errors    none.   Cost  the closed bars and the newest vectors; no row of the relations is read.
-- Rule      a series begins with its seed; d1 and d2 are on canonical rows only, after the first and the
--           second one. Rows hidden until the next refresh are not counted.
CREATE OR REPLACE FUNCTION emas_summary(p_ids int[] DEFAULT NULL)
RETURNS TABLE (
    variant text, id int, tf text, period int, n_rows bigint, n_canonical bigint, first_ts timestamptz,
    last_ts timestamptz, null_d1 bigint, null_d2 bigint, null_d1_roll bigint, null_d2_roll bigint)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
SET jit = off
SET plan_cache_mode = force_custom_plan
SET enable_nestloop = off
SET enable_mergejoin = off
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH closing AS MATERIALIZED (
        SELECT
            b.id, b.tf, b.time_close AS ts, b.last_row AS row_no,
            row_number() OVER (PARTITION BY b.id, b.tf ORDER BY b.bar_seq) AS n
        FROM bars AS b
        WHERE b.is_closed AND (p_ids IS NULL OR b.id = ANY(p_ids))
        UNION ALL
        SELECT d.id, '1D', d."timestamp", d.bar_seq, d.bar_seq FROM cmc_price_bars_1d AS d
        WHERE p_ids IS NULL OR d.id = ANY(p_ids)
    ),
    frames AS MATERIALIZED (
        SELECT
            s.id, s.ema_group, t.tf, t.display_order, coalesce(q.periods, s.periods) AS periods,
            l.ts, l.row_no
        FROM emas_state AS s
        INNER JOIN dim_timeframe AS t ON t.tf = ANY(s.tfs)
        LEFT JOIN emas_pending AS q ON q.id = s.id AND q.ema_group = s.ema_group AND q.tf = t.tf
        CROSS JOIN LATERAL (
            SELECT d."timestamp" AS ts, d.bar_seq AS row_no FROM cmc_price_bars_1d AS d
            WHERE
                d.id = s.id AND d."timestamp" <= coalesce(q.last_ts, s.last_ts)
                AND d."timestamp" < coalesce((
                    SELECT min(m.hidden_from) FROM ema_marks AS m
                    WHERE
                        m.id = s.id AND m.version > coalesce(q.marks_read, s.marks_read)
                        AND m.output IN ('1d', s.bar_group)
                ), 'infinity')
            ORDER BY d."timestamp" DESC
            LIMIT 1
        ) AS l
        WHERE p_ids IS NULL OR s.id = ANY(p_ids)
    ),
    -- The closing day of the bar with which each period begins, and the number of closed bars shown.
    series AS MATERIALIZED (
        SELECT
            f.*, c.n AS period, c.ts AS seed_ts, f.row_no - c.row_no + 1 AS shown,
            max(c.n) OVER (PARTITION BY f.id, f.ema_group, f.tf) - c.n + 1 AS canonical
        FROM frames AS f
        INNER JOIN closing AS c ON c.id = f.id AND c.tf = f.tf AND c.ts <= f.ts
    )
    SELECT
        x.variant, f.id, f.tf, p.period, f.shown::bigint, f.canonical, f.seed_ts, f.ts,
        f.shown - f.canonical + 1, f.shown - greatest(f.canonical - 2, 0), 1::bigint,
        least(f.shown, 2)::bigint
    FROM series AS f
    INNER JOIN dim_period AS p ON p.period = f.period AND p.period = ANY(f.periods)
    INNER JOIN (
        SELECT g.ema_group, g.variant, min(g.ordinal) OVER (PARTITION BY g.variant) AS ordinal
        FROM taxonomy() AS g
    ) AS x ON x.ema_group = f.ema_group
    ORDER BY f.id, x.ordinal, f.display_order, f.tf, p.period;
END;
$$;
