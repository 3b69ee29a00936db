-- emas_shown: every row of the six EMA relations of an asset.
--   p_id   asset id
-- Returns   alignment_source, and the columns of the relations; those of bar space are NULL where a relation
--           has none.
-- Errors    none.   Cost  all rows of the asset, some 20 us each.
-- Rule      the relations themselves are read, not cmc_ema_multi_tf_u, which has a road of its own.
CREATE OR REPLACE FUNCTION emas_shown(p_id int)
RETURNS TABLE (
    alignment_source text, tf text, ts timestamptz, period int, roll boolean, ema float8, d1 float8,
    d2 float8, d1_roll float8, d2_roll float8, ema_bar float8, roll_bar boolean, d1_bar float8, d2_bar float8,
    d1_roll_bar float8, d2_roll_bar float8)
LANGUAGE plpgsql STABLE ROWS 100000
SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT
        'multi_tf', e.tf, e.ts, e.period, e.roll, e.ema, e.d1, e.d2, e.d1_roll, e.d2_roll, NULL::float8,
        NULL::boolean, NULL::float8, NULL::float8, NULL::float8, NULL::float8
    FROM cmc_ema_multi_tf AS e WHERE e.id = p_id;
    RETURN QUERY
    SELECT
        'multi_tf_v2', e.tf, e.ts, e.period, e.roll, e.ema, e.d1, e.d2, e.d1_roll, e.d2_roll, NULL::float8,
        NULL::boolean, NULL::float8, NULL::float8, NULL::float8, NULL::float8
    FROM cmc_ema_multi_tf_v2 AS e WHERE e.id = p_id;
    RETURN QUERY
    SELECT
        'multi_tf_cal_us', e.tf, e.ts, e.period, e.roll, e.ema, e.d1, e.d2, e.d1_roll, e.d2_roll,
        e.ema_bar, e.roll_bar, e.d1_bar, e.d2_bar, e.d1_roll_bar, e.d2_roll_bar
    FROM cmc_ema_multi_tf_cal_us AS e WHERE e.id = p_id;
    RETURN QUERY
    SELECT
        'multi_tf_cal_iso', e.tf, e.ts, e.period, e.roll, e.ema, e.d1, e.d2, e.d1_roll, e.d2_roll,
        e.ema_bar, e.roll_bar, e.d1_bar, e.d2_bar, e.d1_roll_bar, e.d2_roll_bar
    FROM cmc_ema_multi_tf_cal_iso AS e WHERE e.id = p_id;
    RETURN QUERY
    SELECT
        'multi_tf_cal_anchor_us', e.tf, e.ts, e.period, e.roll, e.ema, e.d1, e.d2, e.d1_roll, e.d2_roll,
        e.ema_bar, e.roll_bar, e.d1_bar, e.d2_bar, e.d1_roll_bar, e.d2_roll_bar
    FROM cmc_ema_multi_tf_cal_anchor_us AS e WHERE e.id = p_id;
    RETURN QUERY
    SELECT
        'multi_tf_cal_anchor_iso', e.tf, e.ts, e.period, e.roll, e.ema, e.d1, e.d2, e.d1_roll, e.d2_roll,
        e.ema_bar, e.roll_bar, e.d1_bar, e.d2_bar, e.d1_roll_bar, e.d2_roll_bar
    FROM cmc_ema_multi_tf_cal_anchor_iso AS e WHERE e.id = p_id;
END;
$$;
