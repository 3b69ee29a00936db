-- wrong_alphas: alphas that are missing or aren't what their formulas give.
-- Returns   tf, period, name of the column, what was expected, what is there (NULL: the row is missing).
-- Errors    none.   Cost  the catalogue times the periods.
-- Rule      alpha_bar = 2 / (p + 1), alpha_day = 2 / (p d + 1), bit for bit; alpha_equiv =
--           1 - (1 - alpha_bar) ^ (1 / d) within 2.3e-16, because C libraries round powers differently.
CREATE OR REPLACE FUNCTION wrong_alphas()
RETURNS TABLE (tf text, period int, name text, expected float8, actual float8)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT e.tf, e.period, v.name, v.expected, v.actual
    FROM (
        SELECT
            t.tf, p.period, 2.0::float8 / (p.period + 1.0::float8) AS alpha_bar,
            2.0::float8 / (p.period::float8 * t.days + 1.0::float8) AS alpha_day,
            p.period::float8 * t.days AS effective_days,
            1.0::float8 - power(1.0::float8 - 2.0::float8 / (p.period + 1.0::float8), 1.0::float8 / t.days)
                AS alpha_equiv
        -- OFFSET 0, here and below: a name is taken apart once, and so is a formula.
        FROM (SELECT x.tf, timeframe_nominal_days(x.tf)::float8 AS days FROM dim_timeframe AS x OFFSET 0) AS t
        CROSS JOIN dim_period AS p
        OFFSET 0
    ) AS e
    LEFT JOIN ema_alpha AS a ON a.tf = e.tf AND a.period = e.period
    CROSS JOIN LATERAL (VALUES
        ('alpha_bar', e.alpha_bar, a.alpha_bar, 0.0::float8),
        ('alpha_day', e.alpha_day, a.alpha_day, 0.0::float8),
        ('effective_days', e.effective_days, a.effective_days::float8, 0.0::float8),
        ('alpha_equiv', e.alpha_equiv, a.alpha_equiv, 2.3e-16::float8)
    ) AS v (name, expected, actual, slack)
    -- Nearly all are right: these are set aside before they are told apart.
    WHERE
        (
            e.alpha_bar, e.alpha_day, e.effective_days, abs(e.alpha_equiv - a.alpha_equiv) <= 2.3e-16::float8
        ) IS DISTINCT FROM (a.alpha_bar, a.alpha_day, a.effective_days::float8, true)
        AND (a.tf IS NULL OR NOT abs(v.expected - v.actual) <= v.slack);
END;
$$;
