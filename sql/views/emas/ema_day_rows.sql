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
    s.ema_group,
    s.id,
    a.tf,
    d."timestamp" AS ts,
    a.period,
    a.tf_days,
    d.bar_seq % a.tf_days > 0 AS roll,
    o.v[d.bar_seq - k.close_before] AS ema,
    -- The vectors begin with bar first_bar.
    CASE WHEN d.bar_seq % a.tf_days = 0 THEN
        o.at_ends[d.bar_seq / a.tf_days - o.first_bar + 1] - o.at_ends[d.bar_seq / a.tf_days - o.first_bar]
    END AS d1,
    CASE WHEN d.bar_seq % a.tf_days = 0 THEN
        (o.at_ends[d.bar_seq / a.tf_days - o.first_bar + 1] - o.at_ends[d.bar_seq / a.tf_days - o.first_bar])
        - (o.at_ends[d.bar_seq / a.tf_days - o.first_bar]
            - o.at_ends[d.bar_seq / a.tf_days - o.first_bar - 1])
    END AS d2,
    o.v[d.bar_seq - k.close_before] - o.v[d.bar_seq - k.close_before - 1] AS d1_roll,
    (o.v[d.bar_seq - k.close_before] - o.v[d.bar_seq - k.close_before - 1])
    - (o.v[d.bar_seq - k.close_before - 1] - o.v[d.bar_seq - k.close_before - 2]) AS d2_roll,
    -- For reads that know their days: only these blocks.
    k.block
FROM emas_state AS s
-- Alphas go with their timeframe and their period, so that neither is shown once it has left the catalogue.
INNER JOIN ema_alpha AS a ON a.tf = ANY(s.tfs)
LEFT JOIN emas_pending AS w ON w.id = s.id AND w.ema_group = s.ema_group AND w.tf = a.tf
-- Left, as the next one, so that they are joined to rows of the asset and not to the catalogue alone, which
-- no shard may do; so no condition may let the planner take them for inner ones. OFFSET 0: computed once for
-- a series.
LEFT JOIN LATERAL (
    SELECT
        -- The place of the period among those that the vectors were built with.
        array_position(coalesce(w.periods, s.periods), a.period) AS i,
        CASE WHEN s.ema_group = 'multi_tf' THEN a.alpha_bar ELSE a.alpha_day END AS alpha,
        -- What waits for a refresh isn't shown.
        coalesce(w.last_ts, s.last_ts) AS last_ts,
        coalesce(min(m.hidden_from), 'infinity') AS hidden_from
    FROM ema_marks AS m
    WHERE
        m.id = s.id AND m.version > coalesce(w.marks_read, s.marks_read) AND m.output IN ('1d', s.bar_group)
    OFFSET 0
) AS n ON true
-- Nearly all blocks and days pass. The planner would guess a small part of them; of being true or true it
-- expects all.
INNER JOIN day_blocks AS k
    ON k.id = s.id AND (k.last_row >= a.effective_days AND n.i IS NOT NULL) IN (true, true)
-- An aggregate is one row, so it is left out where nothing of it is asked for. It names the block by its
-- number, not by its arrays, so that the planner may keep what days read one by one share.
LEFT JOIN LATERAL (
    SELECT
        min(v.bar_seq) AS first_bar,
        array_agg(
            CASE WHEN s.ema_group = 'multi_tf' THEN v.bar_space[n.i] ELSE v.day_space[n.i] END
            ORDER BY v.bar_seq) AS at_ends,
        CASE
            WHEN s.ema_group = 'multi_tf' OR a.tf_days = 1 THEN ema_walk(
                (SELECT y.closes FROM day_blocks AS y WHERE y.id = k.id AND y.block = k.block),
                k.close_before + 1, array_agg(v.bar_seq * a.tf_days ORDER BY v.bar_seq),
                array_agg(
                    CASE WHEN s.ema_group = 'multi_tf' THEN v.bar_space[n.i] ELSE v.day_space[n.i] END
                    ORDER BY v.bar_seq),
                NULL, n.alpha, false)
            ELSE ema_chain(
                (SELECT y.closes FROM day_blocks AS y WHERE y.id = k.id AND y.block = k.block), n.alpha,
                (
                    SELECT x.day_space[n.i] FROM emas_at_blocks AS x
                    WHERE x.id = s.id AND x.tf = a.tf AND x.block = k.block
                ),
                (a.effective_days - k.close_before)::int,
                min(v.day_space[n.i]) FILTER (WHERE v.bar_seq = a.period))
        END AS v
    FROM emas AS v
    WHERE
        v.id = s.id AND v.tf = a.tf
        AND v.bar_seq BETWEEN k.close_before / a.tf_days - 1 AND k.last_row / a.tf_days
) AS o ON true
INNER JOIN cmc_price_bars_1d AS d
    ON
        d.id = s.id AND d.block = k.block
        AND (
            d."timestamp" <= n.last_ts AND d."timestamp" < n.hidden_from
            AND d.bar_seq >= a.effective_days)
        IN (true, true)
WHERE s.ema_group IN ('multi_tf', 'multi_tf_v2');
