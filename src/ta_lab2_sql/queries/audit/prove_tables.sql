-- Empty twins of everything that is derived, seen before the stored tables; stored_.. still shows those.
CREATE TEMP VIEW stored_bars_1d AS SELECT * FROM cmc_price_bars_1d;
CREATE TEMP VIEW stored_rejects AS SELECT * FROM cmc_price_bars_1d_rejects;
CREATE TEMP VIEW stored_bars_1d_state AS SELECT * FROM cmc_price_bars_1d_state;
CREATE TEMP VIEW stored_changes AS SELECT * FROM raw_changes;
CREATE TEMP VIEW stored_bars_waiting AS SELECT * FROM bars_waiting;
CREATE TEMP VIEW stored_emas_waiting AS SELECT * FROM emas_waiting;
CREATE TEMP VIEW stored_calendar_days_due AS SELECT * FROM calendar_days_due;
CREATE TEMP VIEW stored_day_blocks AS SELECT * FROM day_blocks;
CREATE TEMP VIEW stored_bars AS SELECT * FROM bars;
CREATE TEMP VIEW stored_bar_blocks AS SELECT * FROM bar_blocks;
CREATE TEMP VIEW stored_bars_state AS SELECT * FROM bars_state;
CREATE TEMP VIEW stored_bars_pending AS SELECT * FROM bars_pending;
CREATE TEMP VIEW stored_emas AS SELECT * FROM emas;
CREATE TEMP VIEW stored_emas_at_blocks AS SELECT * FROM emas_at_blocks;
CREATE TEMP VIEW stored_emas_state AS SELECT * FROM emas_state;
CREATE TEMP VIEW stored_emas_pending AS SELECT * FROM emas_pending;
-- Views over them are to show the twins.
CREATE TEMP TABLE twin_views AS
SELECT v.place, v.name, pg_get_viewdef(v.name::regclass) AS definition
FROM unnest(ARRAY[
    'bar_marks', 'ema_marks', 'marks_held', 'bars_waiting', 'bars_left_behind', 'emas_waiting',
    'emas_left_behind', 'calendar_days_due'
]) WITH ORDINALITY AS v (name, place);
CREATE TEMP TABLE raw_changes (LIKE raw_changes INCLUDING ALL);
CREATE TEMP TABLE marks (LIKE marks INCLUDING ALL);
-- Zone and calendar that the stored bars were built with go here, not to the assets.
CREATE TEMP TABLE assets (LIKE assets INCLUDING ALL);
CREATE TEMP TABLE cmc_price_bars_1d (LIKE cmc_price_bars_1d INCLUDING ALL);
CREATE TEMP TABLE cmc_price_bars_1d_rejects (LIKE cmc_price_bars_1d_rejects INCLUDING ALL);
CREATE TEMP TABLE cmc_price_bars_1d_state (LIKE cmc_price_bars_1d_state INCLUDING ALL);
CREATE TEMP TABLE day_blocks (LIKE day_blocks INCLUDING ALL);
CREATE TEMP TABLE bars (LIKE bars INCLUDING ALL);
CREATE TEMP TABLE bar_blocks (LIKE bar_blocks INCLUDING ALL);
CREATE TEMP TABLE bars_state (LIKE bars_state INCLUDING ALL);
CREATE TEMP TABLE bars_pending (LIKE bars_pending INCLUDING ALL);
CREATE TEMP TABLE emas (LIKE emas INCLUDING ALL);
CREATE TEMP TABLE emas_at_blocks (LIKE emas_at_blocks INCLUDING ALL);
CREATE TEMP TABLE emas_state (LIKE emas_state INCLUDING ALL);
CREATE TEMP TABLE emas_pending (LIKE emas_pending INCLUDING ALL);
DO $$
DECLARE
    v_view record;
BEGIN
    FOR v_view IN SELECT t.name, t.definition FROM twin_views AS t ORDER BY t.place LOOP
        EXECUTE format('CREATE TEMP VIEW %I AS %s', v_view.name, v_view.definition);
    END LOOP;
END;
$$;
