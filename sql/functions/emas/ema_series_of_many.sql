-- ema_series: one EMA of many assets, daily, with its derivatives.
--   p_variant .. p_to   as in ema_series of one asset; p_ids  asset ids, those without such a series give no
--             rows
-- Returns   id and the columns of ema_series of one asset, by id and ts.
-- Errors    TA002 unknown variant or a timeframe that isn't of it, TA003 period not in dim_period, TA004
--           p_from after p_to.
-- Cost      per asset the blocks of 64 days that the range touches.
-- Rule      one query over all assets.
CREATE OR REPLACE FUNCTION ema_series(
    p_variant text, p_ids int[], p_tf text, p_period int, p_from timestamptz DEFAULT NULL,
    p_to timestamptz DEFAULT NULL
)
RETURNS TABLE (
    id int, ts timestamptz, roll boolean, ema float8, d1 float8, d2 float8, d1_roll float8, d2_roll float8,
    ema_bar float8, roll_bar boolean, d1_bar float8, d2_bar float8, d1_roll_bar float8, d2_roll_bar float8
)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
SET join_collapse_limit = 1
SET jit = off
AS $$
#variable_conflict use_column
DECLARE
    v_variant text := resolve_variant(p_variant);
    v_group text := ema_group_of(v_variant, p_tf);
BEGIN
    PERFORM check_ema_read(v_variant, p_tf, ARRAY[p_period], p_from, p_to);
    IF timeframe_kind(p_tf) = 'D' THEN
        RETURN QUERY
        SELECT
            e.id, e.ts, e.roll, e.ema, e.d1, e.d2, e.d1_roll, e.d2_roll,
            NULL::float8, NULL::boolean, NULL::float8, NULL::float8, NULL::float8, NULL::float8
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
                s.ema_group = v_group AND s.id = r.id AND s.tf = p_tf AND s.period = p_period
                AND s.block BETWEEN r.first_block AND r.last_block
            OFFSET 0
        ) AS e
        WHERE e.ts >= coalesce(p_from, '-infinity') AND e.ts < coalesce(p_to, 'infinity')
        ORDER BY e.id, e.ts;
    ELSE
        RETURN QUERY
        SELECT
            e.id, e.ts, e.roll, e.ema, e.d1, e.d2, e.d1_roll, e.d2_roll,
            e.ema_bar, e.roll_bar, e.d1_bar, e.d2_bar, e.d1_roll_bar, e.d2_roll_bar
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
                AND s.period = p_period
                AND s.block BETWEEN r.first_block AND r.last_block
            OFFSET 0
        ) AS e
        WHERE e.ts >= coalesce(p_from, '-infinity') AND e.ts < coalesce(p_to, 'infinity')
        ORDER BY e.id, e.ts;
    END IF;
END;
$$;
