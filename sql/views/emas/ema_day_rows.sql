-- ema_day_rows: the EMAs of N-day timeframes on every day, for multi_tf and multi_tf_v2; their relations
--   select from it.
-- Rows      one per day, timeframe and period from the seed on, up to what the variant has processed.
-- Rule      multi_tf steps every day from the newest canonical value, multi_tf_v2 from the day before; a
--           closing day shows the stored value. Differences are with the day before and with the canonical
--           day before.
-- Cost      per block of 64 days: its closes, the vectors of its bars, one walk; kept while the block is
--           read. Filters on id, tf, period and ts reach the base tables.
CREATE OR REPLACE VIEW ema_day_rows AS
SELECT
    s.ema_group,
    s.id,
    t.tf,
    d."timestamp" AS ts,
    p.period,
    t.tf_days_nominal AS tf_days,
    d.bar_seq % t.tf_qty > 0 AS roll,
    o.v[d.bar_seq - o.first_row + 1] AS ema,
    -- The vectors of the block begin with bar first_bar.
    CASE WHEN d.bar_seq % t.tf_qty = 0 THEN
        o.at_ends[d.bar_seq / t.tf_qty - o.first_bar + 1] - o.at_ends[d.bar_seq / t.tf_qty - o.first_bar]
    END AS d1,
    CASE WHEN d.bar_seq % t.tf_qty = 0 THEN
        (o.at_ends[d.bar_seq / t.tf_qty - o.first_bar + 1] - o.at_ends[d.bar_seq / t.tf_qty - o.first_bar])
        - (o.at_ends[d.bar_seq / t.tf_qty - o.first_bar] - o.at_ends[d.bar_seq / t.tf_qty - o.first_bar - 1])
    END AS d2,
    o.v[d.bar_seq - o.first_row + 1] - o.v[d.bar_seq - o.first_row] AS d1_roll,
    (o.v[d.bar_seq - o.first_row + 1] - o.v[d.bar_seq - o.first_row])
    - (o.v[d.bar_seq - o.first_row] - o.v[d.bar_seq - o.first_row - 1]) AS d2_roll
FROM emas_state AS s
INNER JOIN dim_timeframe AS t ON t.tf = ANY(s.tfs) AND t.bar_group = 'multi_tf'
-- OFFSET 0 keeps this a look-up of its own.
LEFT JOIN LATERAL (
    SELECT q.periods, q.last_ts, q.hidden_from FROM emas_pending AS q
    WHERE q.id = s.id AND q.ema_group = s.ema_group AND q.tf = t.tf
    OFFSET 0
) AS w ON true
INNER JOIN dim_period AS p ON (p.period = ANY(coalesce(w.periods, s.periods))) IN (true, true)
INNER JOIN ema_alpha AS a ON a.tf = t.tf AND a.period = p.period
-- Nearly all days pass. The planner would guess a small part of them; of being true or true it expects all.
INNER JOIN cmc_price_bars_1d AS d
    ON
        d.id = s.id AND (
            d."timestamp" <= coalesce(w.last_ts, s.last_ts)
            AND d."timestamp" < coalesce(w.hidden_from, s.hidden_from, 'infinity')
            AND d.bar_seq >= p.period::bigint * t.tf_qty
        ) IN (true, true)
-- Kept by the planner for the days of a block, as long as it refers to columns of tables only. Left, so
-- that it is joined last, to days of the asset, not to the catalogue alone: no shard may do that.
LEFT JOIN LATERAL (
    SELECT
        x.first_row,
        greatest((x.first_row - 1) / t.tf_qty - 1, 1) AS first_bar,
        e.at_ends,
        ema_walk(
            x.closes, x.first_row, e.ends, e.at_ends, b.v,
            n.alpha, s.ema_group <> 'multi_tf'
        ) AS v
    FROM (
        -- The alpha again, so that a block is kept by few columns of few values.
        SELECT
            array_position(coalesce(q.periods, z.periods), l.period) AS i,
            CASE WHEN z.ema_group = 'multi_tf' THEN l.alpha_bar ELSE l.alpha_day END AS alpha
        FROM emas_state AS z
        INNER JOIN ema_alpha AS l ON l.tf = t.tf AND l.period = p.period
        LEFT JOIN emas_pending AS q ON q.id = z.id AND q.ema_group = z.ema_group AND q.tf = t.tf
        WHERE z.id = s.id AND z.ema_group = s.ema_group
        OFFSET 0
    ) AS n
    CROSS JOIN (
        SELECT
            min(y.bar_seq) AS first_row,
            max(y.bar_seq) AS last_row,
            array_agg(y.close ORDER BY y.bar_seq) AS closes
        FROM cmc_price_bars_1d AS y
        WHERE y.id = s.id AND y.bar_seq BETWEEN 64 * d.block - 1 AND 64 * d.block + 64
    ) AS x
    CROSS JOIN LATERAL (
        SELECT
            array_agg(v.bar_seq * t.tf_qty ORDER BY v.bar_seq) AS ends,
            array_agg(CASE WHEN s.ema_group = 'multi_tf' THEN v.bar_space[n.i] ELSE v.day_space[n.i] END
                ORDER BY v.bar_seq) AS at_ends
        FROM emas AS v
        WHERE
            v.id = s.id AND v.tf = t.tf
            AND v.bar_seq BETWEEN (x.first_row - 1) / t.tf_qty - 1 AND x.last_row / t.tf_qty
    ) AS e
    LEFT JOIN LATERAL (
        SELECT k.day_space[n.i] AS v FROM emas_at_blocks AS k
        WHERE s.ema_group <> 'multi_tf' AND k.id = s.id AND k.tf = t.tf AND k.block = d.block
    ) AS b ON true
    OFFSET 0
) AS o ON true
WHERE s.ema_group IN ('multi_tf', 'multi_tf_v2');
