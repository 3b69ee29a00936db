-- sync_alpha_vectors: keep the alphas of some timeframes as vectors, as ema_alpha has them.
--   p_tfs     timeframes; NULL: all
-- Errors    none.   Cost  proportional to timeframes times periods; 10 ms for all.
-- Rule      in order of period; inside a bar an anchored timeframe steps with alpha_equiv, another with
--           alpha_day.
CREATE OR REPLACE FUNCTION sync_alpha_vectors(p_tfs text[] DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
BEGIN
    INSERT INTO ema_alpha_vectors AS v (tf, periods, alpha_bar, alpha_inside)
    SELECT
        a.tf, array_agg(a.period ORDER BY a.period), array_agg(a.alpha_bar ORDER BY a.period),
        array_agg(CASE WHEN t.allow_partial_start THEN a.alpha_equiv ELSE a.alpha_day END ORDER BY a.period)
    FROM ema_alpha AS a
    INNER JOIN dim_timeframe AS t ON t.tf = a.tf
    WHERE p_tfs IS NULL OR a.tf = ANY(p_tfs)
    GROUP BY a.tf
    ORDER BY a.tf
    ON CONFLICT (tf) DO UPDATE SET
        periods = excluded.periods, alpha_bar = excluded.alpha_bar, alpha_inside = excluded.alpha_inside
    WHERE
        record_image_ne(
            ROW(v.periods, v.alpha_bar, v.alpha_inside),
            ROW(excluded.periods, excluded.alpha_bar, excluded.alpha_inside));
    DELETE FROM ema_alpha_vectors AS v
    WHERE
        (p_tfs IS NULL OR v.tf = ANY(p_tfs))
        AND NOT EXISTS (SELECT 1 FROM ema_alpha AS a WHERE a.tf = v.tf);
END;
$$;
