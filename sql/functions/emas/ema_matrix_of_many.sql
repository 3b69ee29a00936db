-- ema_matrix: the EMAs of many periods of many assets, a row per asset and day, for modelling.
--   p_variant .. p_to   as in ema_matrix of one asset; p_ids  asset ids, those without such series give no
--                       rows
-- Returns   id and the columns of ema_matrix of one asset, by id and ts.
-- Errors    as ema_series of many assets.
-- Cost      per asset and period the blocks of 64 days that the range touches, about 1 us a value: for ranges
--           over many assets; for whole histories ask asset by asset.
-- Rule      one query over all assets.
CREATE OR REPLACE FUNCTION ema_matrix(
    p_variant text, p_ids int[], p_tf text, p_periods int[] DEFAULT NULL, p_from timestamptz DEFAULT NULL,
    p_to timestamptz DEFAULT NULL
)
RETURNS TABLE (id int, ts timestamptz, roll boolean, emas float8[])
LANGUAGE plpgsql STABLE ROWS 5000
SET search_path FROM CURRENT
SET join_collapse_limit = 1
SET jit = off
AS $$
#variable_conflict use_column
DECLARE
    v_variant text := resolve_variant(p_variant);
    v_group text := ema_group_of(v_variant, p_tf);
    v_periods int[];
    v_positions int[];
BEGIN
    PERFORM check_ema_read(v_variant, p_tf, p_periods, p_from, p_to);
    v_periods := coalesce(p_periods, ARRAY(SELECT p.period FROM dim_period AS p ORDER BY p.period));
    -- Shorter periods live first, so what is there is a prefix of the ascending periods.
    SELECT array_agg((SELECT count(*) FROM unnest(v_periods) AS s (period) WHERE s.period <= w.period)::int
        ORDER BY w.i)
    INTO v_positions
    FROM unnest(v_periods) WITH ORDINALITY AS w (period, i);
    IF timeframe_kind(p_tf) = 'D' THEN
        RETURN QUERY
        SELECT e.id, e.ts, bool_or(e.roll), pick_lanes(array_agg(e.ema ORDER BY e.period), v_positions)
        FROM (
            SELECT d.id, min(d.block) AS first_block, max(d.block) AS last_block FROM cmc_price_bars_1d AS d
            WHERE
                d.id = ANY(p_ids) AND d."timestamp" >= coalesce(p_from, '-infinity')
                AND d."timestamp" < coalesce(p_to, 'infinity')
            GROUP BY d.id
        ) AS r
        CROSS JOIN LATERAL (
            -- OFFSET 0: asset by asset, only its blocks.
            SELECT s.* FROM ema_day_rows AS s
            WHERE
                s.ema_group = v_group AND s.id = r.id AND s.tf = p_tf AND s.period = ANY(v_periods)
                AND s.block BETWEEN r.first_block AND r.last_block
            OFFSET 0
        ) AS e
        WHERE e.ts >= coalesce(p_from, '-infinity') AND e.ts < coalesce(p_to, 'infinity')
        GROUP BY e.id, e.ts
        ORDER BY e.id, e.ts;
    ELSE
        RETURN QUERY
        SELECT e.id, e.ts, bool_or(e.roll), pick_lanes(array_agg(e.ema ORDER BY e.period), v_positions)
        FROM (
            SELECT d.id, min(d.block) AS first_block, max(d.block) AS last_block FROM cmc_price_bars_1d AS d
            WHERE
                d.id = ANY(p_ids) AND d."timestamp" >= coalesce(p_from, '-infinity')
                AND d."timestamp" < coalesce(p_to, 'infinity')
            GROUP BY d.id
        ) AS r
        CROSS JOIN LATERAL (
            -- OFFSET 0: asset by asset, only its blocks.
            SELECT s.* FROM ema_calendar_rows AS s
            WHERE
                s.ema_group = v_group AND s.id = r.id AND s.tf = p_tf
                AND s.period = ANY(v_periods)
                AND s.block BETWEEN r.first_block AND r.last_block
            OFFSET 0
        ) AS e
        WHERE e.ts >= coalesce(p_from, '-infinity') AND e.ts < coalesce(p_to, 'infinity')
        GROUP BY e.id, e.ts
        ORDER BY e.id, e.ts;
    END IF;
END;
$$;
