-- ema_series: one EMA of one asset, daily, with its derivatives.
--   p_variant   multi_tf, multi_tf_v2, cal_us, cal_iso, cal_anchor_us, cal_anchor_iso, or the
--               alignment_source of one
--   p_id, p_tf, p_period   asset, timeframe, period in bars
--   p_from, p_to   p_from <= ts < p_to; NULL: open end. Values don't depend on the range
-- Returns   the columns of the variant's relation without its key but ts, by ts; the _bar columns are NULL
--           for multi_tf and multi_tf_v2. No rows before the seed.
-- Errors    TA001 unknown id, TA002 unknown variant or a timeframe that isn't of it, TA003 period not in
--           dim_period, TA004 p_from after p_to.
-- Cost      the blocks of 64 days that the range touches, about 2 us a day.
-- Rule      a selection of the variant's relation.
CREATE OR REPLACE FUNCTION ema_series(
    p_variant text, p_id int, p_tf text, p_period int, p_from timestamptz DEFAULT NULL,
    p_to timestamptz DEFAULT NULL
)
RETURNS TABLE (
    ts timestamptz, roll boolean, ema float8, d1 float8, d2 float8, d1_roll float8, d2_roll float8,
    ema_bar float8, roll_bar boolean, d1_bar float8, d2_bar float8, d1_roll_bar float8, d2_roll_bar float8
)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
SET join_collapse_limit = 1
AS $$
#variable_conflict use_column
DECLARE
    v_variant text := resolve_variant(p_variant);
    v_group text := ema_group_of(v_variant, p_tf);
    v_first_block int;
    v_last_block int;
BEGIN
    PERFORM check_ema_read(v_variant, p_tf, ARRAY[p_period], p_from, p_to);
    PERFORM check_asset(p_id);
    SELECT b.first_block, b.last_block INTO v_first_block, v_last_block
    FROM blocks_of_range(p_id, p_from, p_to) AS b;
    IF timeframe_kind(p_tf) = 'D' THEN
        RETURN QUERY
        SELECT
            e.ts, e.roll, e.ema, e.d1, e.d2, e.d1_roll, e.d2_roll,
            NULL::float8, NULL::boolean, NULL::float8, NULL::float8, NULL::float8, NULL::float8
        FROM (
            -- OFFSET 0: the blocks first, whatever the planner makes of the range.
            SELECT r.* FROM ema_day_rows AS r
            WHERE
                r.ema_group = v_group AND r.id = p_id AND r.tf = p_tf AND r.period = p_period
                AND r.block BETWEEN v_first_block AND v_last_block
            OFFSET 0
        ) AS e
        WHERE e.ts >= coalesce(p_from, '-infinity') AND e.ts < coalesce(p_to, 'infinity')
        ORDER BY e.ts;
    ELSE
        RETURN QUERY
        SELECT
            e.ts, e.roll, e.ema, e.d1, e.d2, e.d1_roll, e.d2_roll,
            e.ema_bar, e.roll_bar, e.d1_bar, e.d2_bar, e.d1_roll_bar, e.d2_roll_bar
        FROM (
            -- OFFSET 0: as above.
            SELECT r.* FROM ema_calendar_rows AS r
            WHERE
                r.ema_group = v_group AND r.id = p_id AND r.tf = p_tf
                AND r.period = p_period
                AND r.block BETWEEN v_first_block AND v_last_block
            OFFSET 0
        ) AS e
        WHERE e.ts >= coalesce(p_from, '-infinity') AND e.ts < coalesce(p_to, 'infinity')
        ORDER BY e.ts;
    END IF;
END;
$$;
