-- emas_shown: every row of the EMA relations of an asset.
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
DECLARE
    v_relation record;
BEGIN
    FOR v_relation IN
        SELECT x.alignment_source, bool_and(x.in_bar_space AND x.in_day_space) AS has_both
        FROM taxonomy() AS x GROUP BY x.alignment_source ORDER BY min(x.ordinal)
    LOOP
        RETURN QUERY EXECUTE format(
            'SELECT %L, e.tf, e.ts, e.period, e.roll, e.ema, e.d1, e.d2, e.d1_roll, e.d2_roll, %s '
            'FROM %I AS e WHERE e.id = $1',
            v_relation.alignment_source,
            CASE
                WHEN v_relation.has_both
                    THEN 'e.ema_bar, e.roll_bar, e.d1_bar, e.d2_bar, e.d1_roll_bar, e.d2_roll_bar'
                ELSE 'NULL::float8, NULL::bool, NULL::float8, NULL::float8, NULL::float8, NULL::float8'
            END,
            'cmc_ema_' || v_relation.alignment_source)
        USING p_id;
    END LOOP;
END;
$$;
