-- ema_calendar_rows: the EMAs of weeks, months and years on every day; the four calendar relations select
--   from it.
-- Rows      one per day, timeframe and period from the seed on, up to what the variant has processed.
-- Rule      ema steps every day from the seed on and never returns to bar space; ema_bar steps the same way
--           from the newest canonical value and snaps back to bar space on a closing day. Differences are
--           with the day before and with the canonical day before.
-- Cost      as ema_day_rows.
CREATE OR REPLACE VIEW ema_calendar_rows AS
SELECT
    s.ema_group,
    s.id,
    t.tf,
    d."timestamp" AS ts,
    p.period,
    t.tf_days_nominal AS tf_days,
    c.bar IS NULL AS roll,
    o.day_v[c.i] AS ema,
    o.day_ends[c.bar] - o.day_ends[c.bar - 1] AS d1,
    (o.day_ends[c.bar] - o.day_ends[c.bar - 1]) - (o.day_ends[c.bar - 1] - o.day_ends[c.bar - 2]) AS d2,
    o.day_v[c.i] - o.day_v[c.i - 1] AS d1_roll,
    (o.day_v[c.i] - o.day_v[c.i - 1]) - (o.day_v[c.i - 1] - o.day_v[c.i - 2]) AS d2_roll,
    o.bar_v[c.i] AS ema_bar,
    c.bar IS NULL AS roll_bar,
    o.bar_ends[c.bar] - o.bar_ends[c.bar - 1] AS d1_bar,
    (o.bar_ends[c.bar] - o.bar_ends[c.bar - 1]) - (o.bar_ends[c.bar - 1] - o.bar_ends[c.bar - 2]) AS d2_bar,
    o.bar_v[c.i] - o.bar_v[c.i - 1] AS d1_roll_bar,
    (o.bar_v[c.i] - o.bar_v[c.i - 1]) - (o.bar_v[c.i - 1] - o.bar_v[c.i - 2]) AS d2_roll_bar
FROM emas_state AS s
INNER JOIN dim_timeframe AS t ON t.tf = ANY(s.tfs) AND t.bar_group = s.ema_group
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
        ) IN (true, true)
-- Kept by the planner for the days of a block, as long as it refers to columns of tables only. Left, so
-- that it is joined last, to days of the asset, not to the catalogue alone: no shard may do that.
LEFT JOIN LATERAL (
    SELECT
        x.first_row,
        e.ends,
        e.bar_ends,
        e.day_ends,
        ema_walk(x.closes, x.first_row, e.ends, e.bar_ends, b.bar_v, n.alpha, true) AS bar_v,
        ema_walk(x.closes, x.first_row, e.ends, e.day_ends, b.day_v, n.alpha, true) AS day_v
    FROM (
        -- Catalogue and alpha again, so that a block is kept by few columns of few values.
        SELECT
            array_position(coalesce(q.periods, z.periods), l.period) AS i,
            alpha_inside(f.allow_partial_start, l.alpha_day, l.alpha_equiv) AS alpha,
            first_unit(f.unit_kind, f.tf_qty, f.allow_partial_start, z.first_day) AS first_unit,
            f.unit_kind,
            f.tf_qty
        FROM emas_state AS z
        INNER JOIN dim_timeframe AS f ON f.tf = t.tf
        INNER JOIN ema_alpha AS l ON l.tf = t.tf AND l.period = p.period
        LEFT JOIN emas_pending AS q ON q.id = z.id AND q.ema_group = z.ema_group AND q.tf = t.tf
        WHERE z.id = s.id AND z.ema_group = s.ema_group
        OFFSET 0
    ) AS n
    CROSS JOIN LATERAL (
        SELECT
            min(y.bar_seq) AS first_row,
            max(y.bar_seq) AS last_row,
            array_agg(y.close ORDER BY y.bar_seq) AS closes,
            bar_of_unit(n.tf_qty, n.first_unit, calendar_unit(n.unit_kind, min(y.day))) AS first_bar,
            bar_of_unit(n.tf_qty, n.first_unit, calendar_unit(n.unit_kind, max(y.day))) AS last_bar
        FROM cmc_price_bars_1d AS y
        WHERE y.id = s.id AND y.bar_seq BETWEEN 64 * d.block - 1 AND 64 * d.block + 64
        OFFSET 0
    ) AS x
    CROSS JOIN LATERAL (
        SELECT
            array_agg(m.last_row ORDER BY m.bar_seq) AS ends,
            array_agg(m.bar_v ORDER BY m.bar_seq) AS bar_ends,
            array_agg(m.day_v ORDER BY m.bar_seq) AS day_ends
        FROM (
            SELECT v.id, v.bar_seq, r.last_row, v.bar_space[n.i] AS bar_v, v.day_space[n.i] AS day_v
            FROM bars AS r
            INNER JOIN emas AS v ON v.id = s.id AND v.tf = t.tf AND v.bar_seq = r.bar_seq
            WHERE r.id = s.id AND r.tf = t.tf AND r.bar_seq BETWEEN x.first_bar AND x.last_bar AND r.is_closed
            UNION ALL
            -- Windows without days have no bar, so the two bars before may lie anywhere before.
            (
                SELECT v.id, v.bar_seq, -1, v.bar_space[n.i], v.day_space[n.i]
                FROM emas AS v
                WHERE v.id = s.id AND v.tf = t.tf AND v.bar_seq < x.first_bar
                ORDER BY v.bar_seq DESC
                LIMIT 2
            )
        ) AS m
    ) AS e
    LEFT JOIN LATERAL (
        SELECT k.bar_space[n.i] AS bar_v, k.day_space[n.i] AS day_v FROM emas_at_blocks AS k
        WHERE k.id = s.id AND k.tf = t.tf AND k.block = d.block
    ) AS b ON true
    OFFSET 0
) AS o ON true
CROSS JOIN LATERAL (
    SELECT d.bar_seq - o.first_row + 1 AS i, array_position(o.ends, d.bar_seq) AS bar
    WHERE o.day_v[d.bar_seq - o.first_row + 1] IS NOT NULL
    OFFSET 0
) AS c
WHERE s.ema_group LIKE 'cal%';
