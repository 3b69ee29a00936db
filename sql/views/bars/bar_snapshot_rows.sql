-- bar_snapshot_rows: every bar as it stood after every day, for all timeframes; the five relations and
--   bar_snapshots select from it.
-- Rows      one per validated day and timeframe that has a bar on it, up to the newest bar's last day.
-- Rule      the snapshot of a closed bar's last day is final. Extremes and volumes run on from the bar's
--           state at the beginning of its block of 64 days; what a bar begins with comes from bars.
-- Cost      per timeframe and block its bars and a walk for extremes and volume, then the days by index: wide
--           reads go block by block, those of a day or the newest days day by day. What isn't selected isn't
--           computed.
CREATE OR REPLACE VIEW bar_snapshot_rows AS
SELECT
    s.id,
    t.bar_group,
    t.tf,
    t.tf_days_nominal AS tf_days,
    b.bar_seq,
    -- window_start and window_end, below, are written out: what a view inlines is read with each plan.
    CASE WHEN t.allow_partial_start THEN
        unit_first_day(t.unit_kind, g.first_unit + (b.bar_seq - 1) * t.tf_qty) - g.first_start
    END AS bar_anchor_offset,
    b.time_open,
    d."timestamp" AS time_close,
    -- Winner 0: a day before the block; from 128 on: price and time are those of different days.
    coalesce(
        k.times_high[o.high_winners[d.bar_seq - k.row_before]],
        k.times_high[o.high_winners[d.bar_seq - k.row_before] & 127],
        o.time_high_before) AS time_high,
    coalesce(
        k.times_low[o.low_winners[d.bar_seq - k.row_before]],
        k.times_low[o.low_winners[d.bar_seq - k.row_before] & 127],
        o.time_low_before) AS time_low,
    b.open,
    coalesce(
        k.highs[o.high_winners[d.bar_seq - k.row_before]],
        k.highs[o.high_winners[d.bar_seq - k.row_before] >> 7],
        o.high_before) AS high,
    coalesce(
        k.lows[o.low_winners[d.bar_seq - k.row_before]],
        k.lows[o.low_winners[d.bar_seq - k.row_before] >> 7],
        o.low_before) AS low,
    d.close,
    o.volumes[d.bar_seq - k.row_before] AS volume,
    -- Rarely unknown; then the last one known, if a day of the bar knows it.
    CASE
        WHEN d.market_cap IS NOT NULL THEN d.market_cap
        WHEN k.cap_rows[d.bar_seq - k.row_before] >= b.first_row THEN k.caps[d.bar_seq - k.row_before]
    END AS market_cap,
    d."timestamp",
    d."timestamp" + interval '1 millisecond' AS last_ts_half_open,
    d.bar_seq - b.first_row + 1 AS pos_in_bar,
    coalesce(g.starts_late AND b.bar_seq = 1, false) AS is_partial_start,
    NOT b.is_closed OR d.bar_seq <> b.last_row AS is_partial_end,
    d.bar_seq - b.first_row + 1 AS count_days,
    CASE
        WHEN b.is_closed AND d.bar_seq = b.last_row THEN 0
        WHEN t.unit_kind = 'D'
            THEN t.tf_qty - (d.bar_seq - b.first_row + 1)
        -- From the bar's first day to the end of its window.
        WHEN s.missing_days IS NULL
            THEN
                b.last_row + b.days_remaining + b.missing_interior + b.missing_end - b.first_row
                - (d.day - m.bar_first_day)
        -- The row number that the bar's last session would have if none were missing.
        ELSE
            b.last_row + b.days_remaining - d.bar_seq
            + width_bucket(c.window_ends, s.missing_days) - width_bucket(d.day, s.missing_days)
            - width_bucket(c.window_ends, s.extra_days) + width_bucket(d.day, s.extra_days)
    END AS count_days_remaining,
    m.is_missing AS is_missing_days,
    CASE WHEN m.is_missing THEN b.missing_start + c.missing_interior + c.missing_end ELSE 0 END
        AS count_missing_days,
    b.missing_start AS count_missing_days_start,
    c.missing_end AS count_missing_days_end,
    CASE WHEN m.is_missing THEN c.missing_interior ELSE 0 END AS count_missing_days_interior,
    -- Words, not days: these follow from the validated days.
    CASE WHEN m.is_missing THEN (
        '{start,interior,"start,interior",end,"start,end","interior,end","start,interior,end"}'::text[]
    )[(b.missing_start > 0)::int + 2 * (c.missing_interior > 0)::int + 4 * (c.missing_end > 0)::int]
    END AS missing_days_where,
    CASE WHEN m.is_missing THEN b.first_missing_day END AS first_missing_day,
    CASE
        WHEN NOT m.is_missing THEN NULL
        WHEN s.missing_days IS NOT NULL AND c.missing_end > 0
            THEN s.missing_days[width_bucket(c.window_ends, s.missing_days)]
        WHEN s.missing_days IS NOT NULL AND b.missing_start + c.missing_interior > 0
            THEN s.missing_days[width_bucket(d.day, s.missing_days)]
        WHEN c.missing_end > 0 THEN d.day + c.missing_end
        WHEN c.missing_interior > 0 THEN k.gap_days[d.bar_seq - k.row_before]
        WHEN b.missing_start > 0 THEN m.bar_first_day - 1
    END AS last_missing_day,
    -- For reads that know their days: only these blocks.
    k.block
FROM bars_state AS s
INNER JOIN dim_timeframe AS t ON t.bar_group = s.bar_group
-- Left, as the next one, so that they are joined to rows of the asset and not to the catalogue alone, which
-- no shard may do; so no condition may let the planner take them for inner ones. OFFSET 0: computed once for
-- a timeframe.
LEFT JOIN LATERAL (
    SELECT
        f.first_row,
        (
            SELECT b.last_row FROM bars AS b
            WHERE b.id = s.id AND b.tf = t.tf ORDER BY b.bar_seq DESC LIMIT 1
        ) AS last_row,
        -- Anchored timeframes, and calendar bars of an asset on a trading calendar: unit and first day of
        -- bar 1; starts_late: the asset begins after a session of that bar.
        f.first_unit,
        series_first_day(t.unit_kind, f.first_unit) AS first_start,
        series_first_day(t.unit_kind, f.first_unit) <= coalesce(s.session_before, s.first_day - 1)
            AS starts_late
    FROM (
        SELECT
            b.first_row,
            CASE
                WHEN t.allow_partial_start OR (s.calendar IS NOT NULL AND t.unit_kind <> 'D')
                    THEN series_first_unit(
                        t.unit_kind, t.tf_qty, t.allow_partial_start, s.first_day, s.session_before)
            END AS first_unit
        FROM bars AS b
        WHERE b.id = s.id AND b.tf = t.tf
        ORDER BY b.bar_seq
        LIMIT 1
    ) AS f
    OFFSET 0
) AS g ON true
-- Nearly all blocks and days pass. The planner would guess a small part of them; of being true or true it
-- expects all.
INNER JOIN day_blocks AS k
    ON
        k.id = s.id
        AND (k.last_row >= g.first_row AND k.row_before < g.last_row AND g.first_row IS NOT NULL)
        IN (true, true)
-- An aggregate is one row, so it is left out where nothing of it is asked for. It names the block by its
-- number, not by its arrays, so that the planner may keep what days read one by one share.
LEFT JOIN LATERAL (
    SELECT
        min(p.first_day_before) AS first_day_before,
        min(p.high_before) AS high_before,
        min(p.low_before) AS low_before,
        min(p.time_high_before) AS time_high_before,
        min(p.time_low_before) AS time_low_before,
        min(p.first_rows) AS first_rows,
        min(p.bar_seqs) AS bar_seqs,
        bar_winners(
            min(y.highs), min(y.times_high), min(y.row_before), min(p.first_rows), min(p.high_before),
            min(p.time_high_before), false) AS high_winners,
        bar_winners(
            min(y.lows), min(y.times_low), min(y.row_before), min(p.first_rows), min(p.low_before),
            min(p.time_low_before), true) AS low_winners,
        bar_volumes(min(y.volumes), min(y.row_before), min(p.first_rows), min(p.volume_before)) AS volumes
    FROM day_blocks AS y
    LEFT JOIN LATERAL (
        SELECT
            min(h.first_days[y.slot]) AS first_day_before,
            min(h.highs[y.slot]) AS high_before,
            min(h.lows[y.slot]) AS low_before,
            min(h.times_high[y.slot]) AS time_high_before,
            min(h.times_low[y.slot]) AS time_low_before,
            min(h.volumes[y.slot]) AS volume_before,
            array_agg(b.first_row ORDER BY b.bar_seq) AS first_rows,
            array_agg(b.bar_seq ORDER BY b.bar_seq) AS bar_seqs
        FROM bar_blocks AS h
        INNER JOIN bars AS b
            ON
                b.id = s.id AND b.tf = t.tf AND b.first_row <= y.last_row
                AND b.bar_seq >= coalesce(h.bar_seqs[y.slot], 1)
                -- No window has less than nine tenths of its nominal days.
                AND b.bar_seq
                    <= coalesce(h.bar_seqs[y.slot], 1) + y.span * 10 / (9 * t.tf_days_nominal) + 1
        WHERE h.id = s.id AND h.tf = t.tf AND h.part = y.part
    ) AS p ON true
    WHERE y.id = k.id AND y.block = k.block
) AS o ON true
INNER JOIN cmc_price_bars_1d AS d
    ON
        d.id = s.id AND d.block = k.block
        AND (d.bar_seq >= g.first_row AND d.bar_seq <= g.last_row AND g.first_row IS NOT NULL)
        IN (true, true)
-- The bar of the day. Where a query names bars, their blocks alone are opened, by the last conditions.
LEFT JOIN bars AS b
    ON
        b.id = s.id AND b.tf = t.tf
        AND b.bar_seq = coalesce(o.bar_seqs[width_bucket(d.bar_seq, o.first_rows)], 0)
        AND k.last_row >= b.first_row AND k.row_before < b.last_row
-- Which days are expected is known from the bar's first day, the day and what is stored of the bar, and on a
-- trading calendar from the lists that the bars were built with. Mostly none is missing, which is told first.
CROSS JOIN LATERAL (
    SELECT
        b.first_missing_day IS NOT NULL
        AND (b.first_missing_day < d.day OR b.is_closed AND d.bar_seq = b.last_row) AS is_missing,
        coalesce(k.days[b.first_row - k.row_before], o.first_day_before) AS bar_first_day
) AS m
CROSS JOIN LATERAL (
    SELECT
        CASE
            WHEN s.missing_days IS NULL THEN d.day - m.bar_first_day - (d.bar_seq - b.first_row)
            ELSE width_bucket(d.day, s.missing_days) - width_bucket(m.bar_first_day, s.missing_days)
        END AS missing_interior,
        CASE WHEN b.is_closed AND d.bar_seq = b.last_row THEN b.missing_end ELSE 0 END AS missing_end,
        CASE WHEN s.missing_days IS NOT NULL THEN unit_first_day(
            t.unit_kind, g.first_unit + b.bar_seq * t.tf_qty) - 1
        END AS window_ends
) AS c;
