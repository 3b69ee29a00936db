-- raise_alpha_missing: the error of a timeframe that lacks the alphas of a period, or keeps some too many.
--   p_tf, p_periods   timeframe, the periods that it needs
--   p_there   periods that ema_alpha has for it (NULL: none)
-- Returns   nothing (declared float8[] so that it can stand where a vector is computed).
-- Errors    always TA020.
-- Rule      an alpha is read from ema_alpha, never replaced by a formula.
CREATE OR REPLACE FUNCTION raise_alpha_missing(p_tf text, p_periods int[], p_there int[])
RETURNS float8[]
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
BEGIN
    RAISE EXCEPTION USING
        ERRCODE = 'TA020',
        MESSAGE = coalesce(
            format('ema_alpha has no row for timeframe %s and period ', p_tf) || (
                SELECT min(p.period) FROM unnest(p_periods) AS p (period)
                WHERE NOT p.period = ANY(coalesce(p_there, '{}'))),
            format('the alphas of timeframe %s are kept for periods that dim_period no longer has', p_tf)),
        DETAIL = 'Every timeframe and period of the two catalogues needs its alphas.',
        HINT = 'Fill them in: SELECT sync_ema_alpha();';
END;
$$;
