-- keep_ema_alpha: trigger function of dim_timeframe and dim_period; new rows have their alphas at once.
-- Returns   NULL (ignored).   Errors  none.   Cost  that of sync_ema_alpha.
-- Rule      only a convenience: migrate and the driver's refresh call sync_ema_alpha too.
CREATE OR REPLACE FUNCTION keep_ema_alpha()
RETURNS trigger
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
BEGIN
    PERFORM sync_ema_alpha();
    RETURN NULL;
END;
$$;
