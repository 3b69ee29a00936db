-- audit_bars_1d_source: do the validated days follow from the raw days?
--   p_id   asset id
-- Returns   findings: bars_1d_differs_from_raw (error; n days, of them missing, surplus, changed in which
--           columns).
-- Errors    none.   Cost  one pass over the raw and the validated days.
-- Rule      bit for bit; src_load_ts is left out, because a load that changes nothing else is no change. Days
--           from the earliest change not yet processed on are not judged.
CREATE OR REPLACE FUNCTION audit_bars_1d_source(p_id int)
RETURNS SETOF finding
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
DECLARE
    v_tz text;
    v_since timestamptz;
BEGIN
    SELECT s.tz INTO v_tz FROM cmc_price_bars_1d_state AS s WHERE s.id = p_id;
    SELECT min(r.dirty_from) INTO v_since FROM raw_changes AS r WHERE r.id = p_id;
    RETURN QUERY
    WITH differing AS MATERIALIZED (
        SELECT
            coalesce(c."timestamp", d."timestamp") AS ts, d.id IS NULL AS is_missing,
            c."timestamp" IS NULL AS is_surplus,
            ARRAY(
                SELECT v.name FROM (VALUES
                    ('time_open', bits_differ(c.time_open, d.time_open)),
                    ('time_close', bits_differ(c.time_close, d.time_close)),
                    ('time_high', bits_differ(c.time_high, d.time_high)),
                    ('time_low', bits_differ(c.time_low, d.time_low)),
                    ('open', bits_differ(c.open, d.open)), ('high', bits_differ(c.high, d.high)),
                    ('low', bits_differ(c.low, d.low)), ('close', bits_differ(c.close, d.close)),
                    ('volume', bits_differ(c.volume, d.volume)),
                    ('market_cap', bits_differ(c.market_cap, d.market_cap)),
                    ('repaired_timehigh', c.repaired_timehigh <> d.repaired_timehigh),
                    ('repaired_timelow', c.repaired_timelow <> d.repaired_timelow),
                    ('src_name', bits_differ(c.src_name, d.src_name)),
                    ('src_file', bits_differ(c.src_file, d.src_file)),
                    ('local_day', bits_differ(c.local_day, d.local_day)),
                    ('day', bits_differ(c.day, d.day))
                ) AS v (name, differs)
                WHERE v.differs AND c."timestamp" IS NOT NULL AND d.id IS NOT NULL
            ) AS columns
        FROM (
            SELECT x.*, local_day_of(x.local_day, x."timestamp", v_tz) AS day
            FROM candidates_of(p_id, '-infinity', NULL) AS x WHERE x.reason IS NULL
        ) AS c
        FULL JOIN stored_days(p_id) AS d ON d."timestamp" = c."timestamp"
        WHERE
            (v_since IS NULL OR coalesce(c."timestamp", d."timestamp") < v_since)
            AND record_image_ne(ROW(
                c."timestamp", c.time_open, c.time_close, c.time_high, c.time_low, c.open, c.high, c.low,
                c.close, c.volume, c.market_cap, c.repaired_timehigh, c.repaired_timelow, c.src_name,
                c.src_file, c.local_day, c.day
            ), ROW(
                d."timestamp", d.time_open, d.time_close, d.time_high, d.time_low, d.open, d.high, d.low,
                d.close, d.volume, d.market_cap, d.repaired_timehigh, d.repaired_timelow, d.src_name,
                d.src_file, d.local_day, d.day
            ))
    )
    SELECT
        'bars_1d_differs_from_raw', 'error', p_id, '1D', NULL::int, min(f.ts),
        jsonb_build_object(
            'n', count(*),
            'n_missing', count(*) FILTER (WHERE f.is_missing),
            'n_surplus', count(*) FILTER (WHERE f.is_surplus),
            'n_changed', count(*) FILTER (WHERE f.columns <> '{}'),
            'columns', (
                SELECT coalesce(jsonb_agg(DISTINCT u.name), '[]') FROM differing AS g
                CROSS JOIN LATERAL unnest(g.columns) AS u (name)))
    FROM differing AS f
    HAVING count(*) > 0;
END;
$$;
