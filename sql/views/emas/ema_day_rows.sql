-- ema_day_rows: the EMAs of N-day timeframes on every day, for multi_tf and multi_tf_v2; their relations
--   select from it.
-- Rows      one per day, timeframe and period from the seed on, up to what the variant has processed.
-- Rule      multi_tf steps every day from the newest canonical value, multi_tf_v2 from the day before; a
--           closing day shows the stored value. Differences are with the day before and with the canonical
--           day before.
-- Cost      per series and block of 64 days its vectors and one walk, then the days by index: wide reads go
--           block by block, those of a day or the newest days day by day. What isn't selected isn't computed.
CREATE OR REPLACE VIEW ema_day_rows AS
SELECT
    n.ema_group,
    n.id,
    n.tf,
    d."timestamp" AS ts,
    n.period,
    n.tf_days,
    d.bar_seq % n.tf_days > 0 AS roll,
    o.v[d.bar_seq - k.close_before] AS ema,
    -- The vectors begin with bar first_bar.
    CASE WHEN d.bar_seq % n.tf_days = 0 THEN
        o.at_ends[d.bar_seq / n.tf_days - o.first_bar + 1] - o.at_ends[d.bar_seq / n.tf_days - o.first_bar]
    END AS d1,
    CASE WHEN d.bar_seq % n.tf_days = 0 THEN
        (o.at_ends[d.bar_seq / n.tf_days - o.first_bar + 1] - o.at_ends[d.bar_seq / n.tf_days - o.first_bar])
        - (o.at_ends[d.bar_seq / n.tf_days - o.first_bar]
            - o.at_ends[d.bar_seq / n.tf_days - o.first_bar - 1])
    END AS d2,
    o.v[d.bar_seq - k.close_before] - o.v[d.bar_seq - k.close_before - 1] AS d1_roll,
    (o.v[d.bar_seq - k.close_before] - o.v[d.bar_seq - k.close_before - 1])
    - (o.v[d.bar_seq - k.close_before - 1] - o.v[d.bar_seq - k.close_before - 2]) AS d2_roll,
    -- For reads that know their days: only these blocks.
    k.block
FROM (
    -- A series each, by its group so that a query of one asset names it in every table.
    SELECT
        s.ema_group,
        s.id,
        a.tf,
        a.period,
        a.tf_days,
        a.effective_days,
        -- The place of the period among those that the vectors were built with.
        array_position(coalesce(w.periods, s.periods), a.period) AS i,
        CASE WHEN s.ema_group = 'multi_tf' THEN a.alpha_bar ELSE a.alpha_day END AS alpha,
        -- What waits for a refresh isn't shown.
        coalesce(w.last_ts, s.last_ts) AS last_ts,
        coalesce(min(m.hidden_from), 'infinity') AS hidden_from
    FROM emas_state AS s
    -- Alphas go with their timeframe and their period: neither is shown once it has left the catalogue.
    INNER JOIN ema_alpha AS a ON a.tf = ANY(s.tfs)
    LEFT JOIN emas_pending AS w ON w.id = s.id AND w.ema_group = s.ema_group AND w.tf = a.tf
    LEFT JOIN ema_marks AS m
        ON
            m.id = s.id AND m.version > coalesce(w.marks_read, s.marks_read)
            AND m.output IN ('1d', s.bar_group)
    WHERE s.ema_group IN ('multi_tf', 'multi_tf_v2')
    GROUP BY
        s.ema_group, s.id, a.tf, a.period, a.tf_days, a.effective_days, i, alpha,
        coalesce(w.last_ts, s.last_ts)
) AS n
-- Nearly all blocks and days pass. The planner would guess a small part of them; of being true or true it
-- expects all.
INNER JOIN day_blocks AS k
    ON k.id = n.id AND (k.last_row >= n.effective_days AND n.i IS NOT NULL) IN (true, true)
-- It names the block by its number, not by its arrays, so that the planner may keep what days read one by
-- one share; it is distinct, so that it is computed once for a block and left out where nothing of it is
-- asked for. Of the two conditions the first takes the id of a query in, the second, which isn't folded into
-- a constant, shows that there is one row.
LEFT JOIN LATERAL (
    SELECT DISTINCT ON (y.id)
        y.id,
        v.first_bar,
        v.at_ends,
        CASE
            WHEN n.ema_group = 'multi_tf' OR n.tf_days = 1
                THEN ema_walk(y.closes, y.close_before + 1, v.ends, v.at_ends, NULL, n.alpha, false)
            ELSE ema_chain(
                y.closes, n.alpha, x.day_space[n.i], (n.effective_days - y.close_before)::int, v.seed)
        END AS v
    FROM day_blocks AS y
    -- Not looked up where it isn't needed.
    LEFT JOIN emas_at_blocks AS x
        ON
            x.id = y.id AND x.block = y.block
            AND x.tf = CASE WHEN n.ema_group <> 'multi_tf' AND n.tf_days <> 1 THEN n.tf END
    LEFT JOIN LATERAL (
        SELECT
            e.id,
            min(e.bar_seq) AS first_bar,
            array_agg(e.bar_seq * n.tf_days ORDER BY e.bar_seq) AS ends,
            array_agg(
                CASE WHEN n.ema_group = 'multi_tf' THEN e.bar_space[n.i] ELSE e.day_space[n.i] END
                ORDER BY e.bar_seq) AS at_ends,
            min(e.day_space[n.i]) FILTER (WHERE e.bar_seq = n.period) AS seed
        FROM emas AS e
        WHERE
            e.id = n.id AND e.tf = n.tf
            AND e.bar_seq BETWEEN y.close_before / n.tf_days - 1 AND y.last_row / n.tf_days
        GROUP BY e.id
    ) AS v ON v.id = y.id
    -- Also where series are joined before their blocks, none is computed that hasn't begun.
    WHERE y.id = n.id AND y.block = k.block AND y.last_row >= n.effective_days AND n.i IS NOT NULL
    ORDER BY y.id
) AS o ON o.id = k.id AND o.id = k.id + 0
INNER JOIN cmc_price_bars_1d AS d
    ON
        d.id = n.id AND d.block = k.block
        AND (
            d."timestamp" <= n.last_ts AND d."timestamp" < n.hidden_from
            AND d.bar_seq >= n.effective_days)
        IN (true, true);
