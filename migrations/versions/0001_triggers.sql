-- Notes of what changed in the raw table; the loader notes its own changes where triggers can't be.
CREATE TRIGGER raw_changes_insert AFTER INSERT ON cmc_price_histories7
REFERENCING NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION note_raw_changes();

CREATE TRIGGER raw_changes_update AFTER UPDATE ON cmc_price_histories7
REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION note_raw_changes();

CREATE TRIGGER raw_changes_delete AFTER DELETE ON cmc_price_histories7
REFERENCING OLD TABLE AS old_rows
FOR EACH STATEMENT EXECUTE FUNCTION note_raw_changes();

CREATE TRIGGER raw_changes_truncate AFTER TRUNCATE ON cmc_price_histories7
FOR EACH STATEMENT EXECUTE FUNCTION note_raw_changes();

-- Every (timeframe, period) has its alphas at once.
CREATE TRIGGER ema_alpha_insert AFTER INSERT ON dim_timeframe
FOR EACH STATEMENT EXECUTE FUNCTION keep_ema_alpha();

CREATE TRIGGER ema_alpha_insert AFTER INSERT ON dim_period
FOR EACH STATEMENT EXECUTE FUNCTION keep_ema_alpha();
