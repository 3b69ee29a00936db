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
    o.bar_seqs[o.places[d.bar_seq - k.row_before]] AS bar_seq,
    CASE WHEN t.allow_partial_start THEN
        window_start(t.unit_kind, t.tf_qty, g.first_unit, o.bar_seqs[o.places[d.bar_seq - k.row_before]])
        - g.first_start
    END AS bar_anchor_offset,
    o.time_opens[o.places[d.bar_seq - k.row_before]] AS time_open,
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
    o.opens[o.places[d.bar_seq - k.row_before]] AS open,
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
    -- Rarely unknown, so the last one known is looked up only where it is.
    CASE
        WHEN d.market_cap IS NOT NULL THEN d.market_cap
        WHEN k.cap_rows[d.bar_seq - k.row_before] >= o.first_rows[o.places[d.bar_seq - k.row_before]] THEN (
            SELECT u.market_cap FROM cmc_price_bars_1d AS u
            WHERE u.id = s.id AND u.bar_seq = k.cap_rows[d.bar_seq - k.row_before])
    END AS market_cap,
    d."timestamp",
    d."timestamp" + interval '1 millisecond' AS last_ts_half_open,
    d.bar_seq - o.first_rows[o.places[d.bar_seq - k.row_before]] + 1 AS pos_in_bar,
    coalesce(g.starts_late AND o.bar_seqs[o.places[d.bar_seq - k.row_before]] = 1, false) AS is_partial_start,
    (d.bar_seq = ANY(o.ends)) IS NOT TRUE AS is_partial_end,
    d.bar_seq - o.first_rows[o.places[d.bar_seq - k.row_before]] + 1 AS count_days,
    c.remaining AS count_days_remaining,
    c.missing_start + c.missing_interior + c.missing_end > 0 AS is_missing_days,
    c.missing_start + c.missing_interior + c.missing_end AS count_missing_days,
    c.missing_start AS count_missing_days_start,
    c.missing_end AS count_missing_days_end,
    c.missing_interior AS count_missing_days_interior,
    missing_days_where(c.missing_start, c.missing_interior, c.missing_end) AS missing_days_where,
    c.first_missing_day,
    c.last_missing_day,
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
        unit_first_day(t.unit_kind, f.first_unit) AS first_start,
        unit_first_day(t.unit_kind, f.first_unit) <= coalesce(s.session_before, s.first_day - 1)
            AS starts_late
    FROM (
        SELECT
            b.first_row,
            CASE
                WHEN t.allow_partial_start OR (s.calendar IS NOT NULL AND t.unit_kind <> 'D')
                    THEN first_unit(
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
-- An aggregate is one row, so it is left out where nothing of it is asked for.
LEFT JOIN LATERAL (
    SELECT
        min(h.first_days[k.slot]) AS first_day_before,
        min(h.highs[k.slot]) AS high_before,
        min(h.lows[k.slot]) AS low_before,
        min(h.times_high[k.slot]) AS time_high_before,
        min(h.times_low[k.slot]) AS time_low_before,
        array_agg(b.bar_seq ORDER BY b.bar_seq) AS bar_seqs,
        array_agg(b.first_row ORDER BY b.bar_seq) AS first_rows,
        array_agg(b.time_open ORDER BY b.bar_seq) AS time_opens,
        array_agg(b.open ORDER BY b.bar_seq) AS opens,
        array_agg(b.last_row) FILTER (WHERE b.is_closed) AS ends,
        array_agg(b.missing_start ORDER BY b.bar_seq) AS missing_starts,
        array_agg(b.missing_end ORDER BY b.bar_seq) AS missing_ends,
        -- From the bar's first day to the end of its window; on a trading calendar the row number that its
        -- last session would have if none were missing.
        array_agg(
            b.last_row + b.days_remaining + CASE
                WHEN s.missing_days IS NULL THEN b.missing_interior + b.missing_end - b.first_row ELSE 0
            END ORDER BY b.bar_seq) AS spans,
        array_agg(b.first_missing_day ORDER BY b.bar_seq) AS first_missing_days,
        bar_places(k.row_before, cardinality(k.days), array_agg(b.first_row ORDER BY b.bar_seq)) AS places,
        bar_winners(
            k.highs, k.times_high, k.row_before, array_agg(b.first_row ORDER BY b.bar_seq),
            min(h.highs[k.slot]), min(h.times_high[k.slot]), false) AS high_winners,
        bar_winners(
            k.lows, k.times_low, k.row_before, array_agg(b.first_row ORDER BY b.bar_seq),
            min(h.lows[k.slot]), min(h.times_low[k.slot]), true) AS low_winners,
        bar_volumes(
            k.volumes, k.row_before, array_agg(b.first_row ORDER BY b.bar_seq), min(h.volumes[k.slot])
        ) AS volumes
    FROM bar_blocks AS h
    INNER JOIN bars AS b
        ON
            b.id = s.id AND b.tf = t.tf AND b.first_row <= k.last_row
            AND b.bar_seq >= coalesce(h.bar_seqs[k.slot], 1)
            -- No window has less than nine tenths of its nominal days.
            AND b.bar_seq <= coalesce(h.bar_seqs[k.slot], 1) + k.span * 10 / (9 * t.tf_days_nominal) + 1
    WHERE h.id = s.id AND h.tf = t.tf AND h.part = k.part
) AS o ON true
INNER JOIN cmc_price_bars_1d AS d
    ON
        d.id = s.id AND d.block = k.block
        AND (d.bar_seq >= g.first_row AND d.bar_seq <= g.last_row AND g.first_row IS NOT NULL)
        IN (true, true)
-- All that knows which days are expected: from the bar's first day, the day and what is stored of the bar,
-- and on a trading calendar from the lists that the bars were built with.
CROSS JOIN LATERAL (
    SELECT
        m.missing_start,
        m.missing_interior,
        m.missing_end,
        CASE
            WHEN d.bar_seq = ANY(o.ends) THEN 0
            WHEN t.unit_kind = 'D'
                THEN t.tf_qty - (d.bar_seq - o.first_rows[o.places[d.bar_seq - k.row_before]] + 1)
            WHEN s.missing_days IS NULL
                THEN o.spans[o.places[d.bar_seq - k.row_before]] - (d.day - m.bar_first_day)
            ELSE
                o.spans[o.places[d.bar_seq - k.row_before]] - d.bar_seq
                + width_bucket(w.ends, s.missing_days) - width_bucket(d.day, s.missing_days)
                - width_bucket(w.ends, s.extra_days) + width_bucket(d.day, s.extra_days)
        END AS remaining,
        -- The bar's first missing day, from the day after it on.
        CASE WHEN m.missing_start + m.missing_interior + m.missing_end > 0
            THEN o.first_missing_days[o.places[d.bar_seq - k.row_before]]
        END AS first_missing_day,
        CASE
            WHEN s.missing_days IS NOT NULL AND m.missing_end > 0
                THEN s.missing_days[width_bucket(w.ends, s.missing_days)]
            WHEN s.missing_days IS NOT NULL AND m.missing_start + m.missing_interior > 0
                THEN s.missing_days[width_bucket(d.day, s.missing_days)]
            WHEN m.missing_end > 0 THEN d.day + m.missing_end
            WHEN m.missing_interior > 0 THEN k.gap_days[d.bar_seq - k.row_before]
            WHEN m.missing_start > 0 THEN m.bar_first_day - 1
        END AS last_missing_day
    FROM (
        SELECT
            f.bar_first_day,
            o.missing_starts[o.places[d.bar_seq - k.row_before]] AS missing_start,
            CASE
                WHEN s.missing_days IS NULL THEN
                    d.day - f.bar_first_day - (d.bar_seq - o.first_rows[o.places[d.bar_seq - k.row_before]])
                ELSE width_bucket(d.day, s.missing_days) - width_bucket(f.bar_first_day, s.missing_days)
            END AS missing_interior,
            CASE WHEN d.bar_seq = ANY(o.ends)
                THEN o.missing_ends[o.places[d.bar_seq - k.row_before]] ELSE 0
            END AS missing_end
        FROM (
            SELECT coalesce(
                k.days[o.first_rows[o.places[d.bar_seq - k.row_before]] - k.row_before],
                o.first_day_before) AS bar_first_day
        ) AS f
    ) AS m
    CROSS JOIN LATERAL (
        SELECT CASE WHEN s.missing_days IS NOT NULL THEN window_end(
            t.unit_kind, t.tf_qty, g.first_unit, o.bar_seqs[o.places[d.bar_seq - k.row_before]])
        END AS ends
    ) AS w
) AS c;
