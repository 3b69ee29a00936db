-- note_raw_changes: trigger function of the raw table; notes the earliest change of each asset that a
--   statement touched.
-- Returns   NULL (ignored).   Errors  none.
-- Cost      proportional to the rows that the statement touched.
-- Rule      one note per asset and writing transaction, so that two loads never wait for each other. An
--           update that changes only load_ts is none; one of id or "timestamp" is a delete and an insert. A
--           truncate notes every asset that has been built.
CREATE OR REPLACE FUNCTION note_raw_changes()
RETURNS trigger
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO raw_changes AS r (id, changed_by, dirty_from)
        SELECT n.id, pg_current_xact_id(), min(n."timestamp") FROM new_rows AS n GROUP BY n.id ORDER BY n.id
        ON CONFLICT (id, changed_by) DO UPDATE SET dirty_from = excluded.dirty_from
        WHERE excluded.dirty_from < r.dirty_from;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO raw_changes AS r (id, changed_by, dirty_from)
        SELECT o.id, pg_current_xact_id(), min(o."timestamp") FROM old_rows AS o GROUP BY o.id ORDER BY o.id
        ON CONFLICT (id, changed_by) DO UPDATE SET dirty_from = excluded.dirty_from
        WHERE excluded.dirty_from < r.dirty_from;
    ELSIF TG_OP = 'UPDATE' THEN
        INSERT INTO raw_changes AS r (id, changed_by, dirty_from)
        SELECT coalesce(o.id, n.id) AS id, pg_current_xact_id(), min(coalesce(o."timestamp", n."timestamp"))
        FROM old_rows AS o
        FULL JOIN new_rows AS n ON n.id = o.id AND n."timestamp" = o."timestamp"
        -- Record images, so that -0 and 0 differ; a side that is missing differs by its id.
        WHERE ROW(
                o.id, o.name, o.timeopen, o.timeclose, o.timehigh, o.timelow,
                o.open, o.high, o.low, o.close, o.volume, o.marketcap, o.source_file, o.local_day
            )::record *<> ROW(
                n.id, n.name, n.timeopen, n.timeclose, n.timehigh, n.timelow,
                n.open, n.high, n.low, n.close, n.volume, n.marketcap, n.source_file, n.local_day
            )::record
        GROUP BY 1
        ORDER BY 1
        ON CONFLICT (id, changed_by) DO UPDATE SET dirty_from = excluded.dirty_from
        WHERE excluded.dirty_from < r.dirty_from;
    ELSE
        INSERT INTO raw_changes AS r (id, changed_by, dirty_from)
        SELECT s.id, pg_current_xact_id(), '-infinity' FROM cmc_price_bars_1d_state AS s ORDER BY s.id
        ON CONFLICT (id, changed_by) DO UPDATE SET dirty_from = excluded.dirty_from
        WHERE excluded.dirty_from < r.dirty_from;
    END IF;
    RETURN NULL;
END;
$$;
