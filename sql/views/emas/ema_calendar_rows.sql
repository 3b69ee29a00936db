-- ema_calendar_rows: the EMAs of weeks, months and years on every day; the four calendar relations select
--   from it.
-- Rows      one per day, timeframe and period from the seed on, up to what the variant has processed.
-- Rule      ema steps every day from the seed on and never returns to bar space; ema_bar steps the same way
--           from the newest canonical value and snaps back to bar space on a closing day. Differences are
--           with the day before and with the canonical day before. Which bars there are and which days close
--           them comes from bars, not from a calendar.
-- Cost      as ema_day_rows.
CREATE OR REPLACE VIEW ema_calendar_rows AS
SELECT
    n.ema_group,
    n.id,
    n.tf,
    d."timestamp" AS ts,
    n.period,
    n.tf_days,
    (d.bar_seq = ANY(o.ends)) IS NOT TRUE AS roll,
    o.day_v[d.bar_seq - k.close_before] AS ema,
    CASE WHEN d.bar_seq = ANY(o.ends) THEN
        o.day_ends[array_position(o.ends, d.bar_seq)] - o.day_ends[array_position(o.ends, d.bar_seq) - 1]
    END AS d1,
    CASE WHEN d.bar_seq = ANY(o.ends) THEN
        (o.day_ends[array_position(o.ends, d.bar_seq)] - o.day_ends[array_position(o.ends, d.bar_seq) - 1])
        - (o.day_ends[array_position(o.ends, d.bar_seq) - 1]
            - o.day_ends[array_position(o.ends, d.bar_seq) - 2])
    END AS d2,
    o.day_v[d.bar_seq - k.close_before] - o.day_v[d.bar_seq - k.close_before - 1] AS d1_roll,
    (o.day_v[d.bar_seq - k.close_before] - o.day_v[d.bar_seq - k.close_before - 1])
    - (o.day_v[d.bar_seq - k.close_before - 1] - o.day_v[d.bar_seq - k.close_before - 2]) AS d2_roll,
    o.bar_v[d.bar_seq - k.close_before] AS ema_bar,
    (d.bar_seq = ANY(o.ends)) IS NOT TRUE AS roll_bar,
    CASE WHEN d.bar_seq = ANY(o.ends) THEN
        o.bar_ends[array_position(o.ends, d.bar_seq)] - o.bar_ends[array_position(o.ends, d.bar_seq) - 1]
    END AS d1_bar,
    CASE WHEN d.bar_seq = ANY(o.ends) THEN
        (o.bar_ends[array_position(o.ends, d.bar_seq)] - o.bar_ends[array_position(o.ends, d.bar_seq) - 1])
        - (o.bar_ends[array_position(o.ends, d.bar_seq) - 1]
            - o.bar_ends[array_position(o.ends, d.bar_seq) - 2])
    END AS d2_bar,
    o.bar_v[d.bar_seq - k.close_before] - o.bar_v[d.bar_seq - k.close_before - 1] AS d1_roll_bar,
    (o.bar_v[d.bar_seq - k.close_before] - o.bar_v[d.bar_seq - k.close_before - 1])
    - (o.bar_v[d.bar_seq - k.close_before - 1] - o.bar_v[d.bar_seq - k.close_before - 2]) AS d2_roll_bar,
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
        -- The place of the period among those that the vectors were built with.
        array_position(coalesce(w.periods, s.periods), a.period) AS i,
        alpha_inside(s.ema_group LIKE 'cal_anchor%', a.alpha_day, a.alpha_equiv) AS alpha,
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
    WHERE s.ema_group LIKE 'cal%'
    GROUP BY s.ema_group, s.id, a.tf, a.period, a.tf_days, i, alpha, coalesce(w.last_ts, s.last_ts)
) AS n
-- The day with which the series begins: the last one of the bar that seeds it. Windows without days have no
-- bar, so its number is that of the period or a later one. Left, so that it is joined to rows of the asset
-- and not to the catalogue alone, which no shard may do; so no condition may let the planner take it for an
-- inner one.
LEFT JOIN LATERAL (
    SELECT DISTINCT ON (v.id)
        v.id,
        r.last_row AS seed_row
    FROM emas AS v
    INNER JOIN bars AS r ON r.id = v.id AND r.tf = v.tf AND r.bar_seq = v.bar_seq
    WHERE
        v.id = n.id AND v.tf = n.tf AND v.bar_seq >= n.period AND v.n_closed >= n.period AND r.is_closed
    ORDER BY v.id, v.bar_seq
) AS f ON f.id = n.id
-- Nearly all blocks and days pass. The planner would guess a small part of them; of being true or true it
-- expects all.
INNER JOIN day_blocks AS k
    ON k.id = n.id AND (k.last_row >= f.seed_row AND n.i IS NOT NULL) IN (true, true)
-- It names the block by its number, not by its arrays, so that the planner may keep what days read one by
-- one share; it is distinct, so that it is computed once for a block and left out where nothing of it is
-- asked for. Of the two conditions the first takes the id of a query in, the second, which isn't folded into
-- a constant, shows that there is one row.
LEFT JOIN LATERAL (
    SELECT DISTINCT ON (y.id)
        y.id,
        r.ends,
        v.bar_ends,
        v.day_ends,
        ema_chain(
            y.closes, n.alpha, x.day_space[n.i], f.seed_row - y.close_before,
            v.day_ends[array_position(r.ends, f.seed_row)]) AS day_v,
        ema_walk(
            y.closes, y.close_before + 1, r.ends, v.bar_ends, x.bar_space[n.i], n.alpha, true) AS bar_v
    FROM day_blocks AS y
    LEFT JOIN emas_at_blocks AS x ON x.id = y.id AND x.tf = n.tf AND x.block = y.block
    -- The bars that the block may need, by number; ordered, so that they are known before bars are looked up.
    LEFT JOIN LATERAL (
        SELECT
            h.id,
            -- Two bars may close on the two days before the block, and their differences need two more. Where
            -- windows before it have no bar, the numbers don't tell which one is the fifth.
            CASE WHEN q.bars = 5 THEN h.bar_seqs[y.slot] - 4 ELSE 1 END AS from_bar,
            -- No window has less than nine tenths of its nominal days.
            coalesce(h.bar_seqs[y.slot], 1) + y.span * 10 / (9 * n.tf_days) + 1 AS to_bar
        FROM bar_blocks AS h
        LEFT JOIN LATERAL (
            SELECT
                u.id,
                count(*) AS bars
            FROM bars AS u
            WHERE
                u.id = n.id AND u.tf = n.tf
                AND u.bar_seq BETWEEN h.bar_seqs[y.slot] - 4 AND h.bar_seqs[y.slot]
            GROUP BY u.id
        ) AS q ON q.id = h.id
        WHERE h.id = n.id AND h.tf = n.tf AND h.part = y.part
        ORDER BY h.id
    ) AS g ON g.id = y.id
    LEFT JOIN LATERAL (
        SELECT
            b.id,
            array_agg(b.last_row ORDER BY b.bar_seq) AS ends,
            min(b.bar_seq) AS first_bar,
            max(b.bar_seq) AS last_bar
        FROM bars AS b
        WHERE
            b.id = n.id AND b.tf = n.tf AND b.is_closed AND b.last_row <= y.last_row
            AND b.bar_seq BETWEEN g.from_bar AND g.to_bar
        GROUP BY b.id
    ) AS r ON r.id = y.id
    -- Their vectors: what is shown has one for each of these bars, so both are in the same order.
    LEFT JOIN LATERAL (
        SELECT
            e.id,
            array_agg(e.bar_space[n.i] ORDER BY e.bar_seq) AS bar_ends,
            array_agg(e.day_space[n.i] ORDER BY e.bar_seq) AS day_ends
        FROM emas AS e
        WHERE
            e.id = n.id AND e.tf = n.tf
            AND e.bar_seq >= coalesce(r.first_bar, 1) AND e.bar_seq <= coalesce(r.last_bar, 0)
        GROUP BY e.id
    ) AS v ON v.id = y.id
    -- Also where series are joined before their blocks, none is computed that hasn't begun.
    WHERE y.id = n.id AND y.block = k.block AND y.last_row >= f.seed_row AND n.i IS NOT NULL
    ORDER BY y.id
) AS o ON o.id = k.id AND o.id = k.id + 0
INNER JOIN cmc_price_bars_1d AS d
    ON
        d.id = n.id AND d.block = k.block
        AND (
            d."timestamp" <= n.last_ts AND d."timestamp" < n.hidden_from
            AND d.bar_seq >= f.seed_row AND n.i IS NOT NULL)
        IN (true, true);
