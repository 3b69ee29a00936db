-- Stored rows of one asset beside rebuilt ones, bit for bit; times of writing and what only waits are
-- left out.
SELECT
    c.relation,
    count(c.is_stored) AS stored,
    count(c.is_rebuilt) AS rebuilt,
    count(*) FILTER (WHERE c.differs) AS differing,
    -- What waits for a refresh may well differ.
    EXISTS (SELECT 1 FROM stored_changes AS w WHERE w.id = %(id)s)
    OR EXISTS (SELECT 1 FROM stored_bars_waiting AS w WHERE w.id = %(id)s)
    OR EXISTS (SELECT 1 FROM stored_calendar_days_due AS w WHERE w.id = %(id)s)
    OR EXISTS (SELECT 1 FROM stored_bars_pending AS w WHERE w.id = %(id)s)
    OR EXISTS (SELECT 1 FROM stored_emas_waiting AS w WHERE w.id = %(id)s)
    OR EXISTS (SELECT 1 FROM stored_emas_pending AS w WHERE w.id = %(id)s) AS is_behind
FROM (
    SELECT
        'cmc_price_bars_1d' AS relation, s.id AS is_stored, r.id AS is_rebuilt,
        s.id IS NULL OR r.id IS NULL OR record_image_ne(
            ROW(s.tf, s.bar_seq, s.time_open, s.time_close, s.time_high, s.time_low, s.open, s.high, s.low,
                s.close, s.volume, s.market_cap, s.is_partial_start, s.is_partial_end, s.is_missing_days,
                s.repaired_timehigh, s.repaired_timelow, s.src_name, s.src_file, s.local_day, s.day),
            ROW(r.tf, r.bar_seq, r.time_open, r.time_close, r.time_high, r.time_low, r.open, r.high, r.low,
                r.close, r.volume, r.market_cap, r.is_partial_start, r.is_partial_end, r.is_missing_days,
                r.repaired_timehigh, r.repaired_timelow, r.src_name, r.src_file, r.local_day,
                r.day)) AS differs
    FROM (SELECT * FROM stored_bars_1d AS x WHERE x.id = %(id)s) AS s
    FULL JOIN cmc_price_bars_1d AS r ON r.id = s.id AND r."timestamp" = s."timestamp"
    UNION ALL
    SELECT
        'cmc_price_bars_1d_rejects', s.id, r.id,
        s.id IS NULL OR r.id IS NULL OR record_image_ne(
            ROW(s.time_open, s.time_close, s.time_high, s.time_low, s.open, s.high, s.low, s.close, s.volume,
                s.market_cap, s.src_name, s.src_file),
            ROW(r.time_open, r.time_close, r.time_high, r.time_low, r.open, r.high, r.low, r.close, r.volume,
                r.market_cap, r.src_name, r.src_file))
    FROM (SELECT * FROM stored_rejects AS x WHERE x.id = %(id)s) AS s
    FULL JOIN (
        -- An asset without any reject is taken to be refreshed without keeping them; others may have
        -- been for a while.
        SELECT * FROM cmc_price_bars_1d_rejects AS y
        WHERE EXISTS (SELECT 1 FROM stored_rejects AS x WHERE x.id = %(id)s) AND (
            EXISTS (SELECT 1 FROM stored_rejects AS x WHERE x.id = %(id)s AND x."timestamp" = y."timestamp")
            OR NOT EXISTS (
                SELECT 1 FROM stored_bars_1d_state AS w
                WHERE w.id = %(id)s AND w.rejects_left_out_from <= y."timestamp"))
    ) AS r ON r.id = s.id AND r."timestamp" = s."timestamp" AND r.reason = s.reason
    UNION ALL
    SELECT 'bars', s.id, r.id, s.id IS NULL OR r.id IS NULL OR record_image_ne(ROW(s.*), ROW(r.*))
    FROM (SELECT * FROM stored_bars AS x WHERE x.id = %(id)s) AS s
    FULL JOIN bars AS r ON r.id = s.id AND r.tf = s.tf AND r.bar_seq = s.bar_seq
    UNION ALL
    SELECT 'day_blocks', s.id, r.id, s.id IS NULL OR r.id IS NULL OR record_image_ne(ROW(s.*), ROW(r.*))
    FROM (SELECT * FROM stored_day_blocks AS x WHERE x.id = %(id)s) AS s
    FULL JOIN day_blocks AS r ON r.id = s.id AND r.block = s.block
    UNION ALL
    SELECT 'bar_blocks', s.id, r.id, s.id IS NULL OR r.id IS NULL OR record_image_ne(ROW(s.*), ROW(r.*))
    FROM (SELECT * FROM stored_bar_blocks AS x WHERE x.id = %(id)s) AS s
    FULL JOIN bar_blocks AS r ON r.id = s.id AND r.tf = s.tf AND r.part = s.part
    UNION ALL
    SELECT
        'bars_state', s.id, r.id,
        s.id IS NULL OR r.id IS NULL OR (s.tz, s.tfs, s.first_ts, s.last_ts, s.n_rows, s.first_day)
        IS DISTINCT FROM (r.tz, r.tfs, r.first_ts, r.last_ts, r.n_rows, r.first_day)
    FROM (SELECT * FROM stored_bars_state AS x WHERE x.id = %(id)s AND x.tfs <> '{}') AS s
    FULL JOIN (SELECT * FROM bars_state AS x WHERE x.tfs <> '{}') AS r
        ON r.id = s.id AND r.bar_group = s.bar_group
    UNION ALL
    SELECT 'emas', s.id, r.id, s.id IS NULL OR r.id IS NULL OR record_image_ne(ROW(s.*), ROW(r.*))
    FROM (SELECT * FROM stored_emas AS x WHERE x.id = %(id)s) AS s
    FULL JOIN emas AS r ON r.id = s.id AND r.tf = s.tf AND r.bar_seq = s.bar_seq
    UNION ALL
    SELECT 'emas_at_blocks', s.id, r.id, s.id IS NULL OR r.id IS NULL OR record_image_ne(ROW(s.*), ROW(r.*))
    FROM (SELECT * FROM stored_emas_at_blocks AS x WHERE x.id = %(id)s) AS s
    FULL JOIN emas_at_blocks AS r ON r.id = s.id AND r.tf = s.tf AND r.block = s.block
    UNION ALL
    SELECT
        'emas_state', s.id, r.id,
        s.id IS NULL OR r.id IS NULL OR (s.tfs, s.periods, s.first_ts, s.last_ts, s.n_rows, s.series)
        IS DISTINCT FROM (r.tfs, r.periods, r.first_ts, r.last_ts, r.n_rows, r.series)
    FROM (SELECT * FROM stored_emas_state AS x WHERE x.id = %(id)s) AS s
    FULL JOIN emas_state AS r ON r.id = s.id AND r.ema_group = s.ema_group
) AS c
GROUP BY c.relation
ORDER BY c.relation
