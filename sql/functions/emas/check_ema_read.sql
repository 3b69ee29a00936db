-- check_ema_read: refuse a read of EMAs that can't exist.
--   p_variant   a variant's name
--   p_tf, p_periods   timeframe, periods
--   p_from, p_to   range, NULL: open end
-- Errors    TA002 a timeframe that isn't of the variant, TA003 a period not in dim_period, TA004 p_from after
--           p_to or an empty list of periods.
-- Cost      one look at the catalogues.
CREATE OR REPLACE FUNCTION check_ema_read(
    p_variant text, p_tf text, p_periods int[], p_from timestamptz, p_to timestamptz
)
RETURNS void
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
BEGIN
    PERFORM check_timeframes(p_variant, ARRAY[p_tf]);
    PERFORM check_periods(p_periods);
    PERFORM check_read(p_tf, p_from, p_to);
END;
$$;
