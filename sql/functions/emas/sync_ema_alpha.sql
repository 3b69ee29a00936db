-- sync_ema_alpha: give every (timeframe, period) of the two catalogues its row of ema_alpha.
-- Returns   the number of rows added; rows that are there are left alone. The vectors of ema_alpha_vectors
--           follow.
-- Errors    none.
-- Cost      proportional to timeframes times periods; a few milliseconds for the seeded 2,686.
-- Rule      an alpha is a definition: 2/(p+1), 2/(p d + 1) and the daily step that decays like one bar step.
--           Every operand is float8 before it is divided. Half-lives are for reading; 0 where alpha is 1.
CREATE OR REPLACE FUNCTION sync_ema_alpha()
RETURNS int
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
DECLARE
    v_added int;
BEGIN
    WITH missing AS (
        SELECT
            t.tf, p.period, t.tf_days_nominal AS d,
            p.period::bigint * t.tf_days_nominal AS effective_days,
            2.0::float8 / (p.period::float8 + 1.0::float8) AS alpha_bar
        FROM dim_timeframe AS t
        CROSS JOIN dim_period AS p
        WHERE NOT EXISTS (SELECT 1 FROM ema_alpha AS a WHERE a.tf = t.tf AND a.period = p.period)
    ),
    alphas AS (
        SELECT
            m.*,
            2.0::float8 / (m.effective_days::float8 + 1.0::float8) AS alpha_day,
            1.0::float8 - power(1.0::float8 - m.alpha_bar, 1.0::float8 / m.d::float8) AS alpha_equiv
        FROM missing AS m
    ),
    added AS (
        INSERT INTO ema_alpha (
            tf, period, tf_days, effective_days, alpha_bar, alpha_day, alpha_equiv,
            half_life_bars, half_life_days, half_life_days_equiv)
        SELECT
            a.tf, a.period, a.d, a.effective_days, a.alpha_bar, a.alpha_day, a.alpha_equiv,
            CASE WHEN a.alpha_bar >= 1 THEN 0 ELSE ln(0.5::float8) / ln(1.0::float8 - a.alpha_bar) END,
            CASE WHEN a.alpha_day >= 1 THEN 0 ELSE ln(0.5::float8) / ln(1.0::float8 - a.alpha_day) END,
            CASE WHEN a.alpha_equiv >= 1 THEN 0 ELSE ln(0.5::float8) / ln(1.0::float8 - a.alpha_equiv) END
        FROM alphas AS a
        ORDER BY a.tf, a.period
        ON CONFLICT (tf, period) DO NOTHING
        RETURNING 1
    )
    SELECT count(*)::int INTO v_added FROM added;
    -- The catalogue is filled by the first revision, and this table came later.
    IF to_regclass('ema_alpha_vectors') IS NOT NULL THEN
        PERFORM sync_alpha_vectors();
    END IF;
    RETURN v_added;
END;
$$;
