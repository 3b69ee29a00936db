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
    s.ema_group,
    s.id,
    a.tf,
    d."timestamp" AS ts,
    a.period,
    a.tf_days,
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
FROM emas_state AS s
-- Alphas go with their timeframe and their period, so that neither is shown once it has left the catalogue.
INNER JOIN ema_alpha AS a ON a.tf = ANY(s.tfs)
LEFT JOIN emas_pending AS w ON w.id = s.id AND w.ema_group = s.ema_group AND w.tf = a.tf
-- Left, as the next one, so that they are joined to rows of the asset and not to the catalogue alone, which
-- no shard may do; so no condition may let the planner take them for inner ones.
LEFT JOIN LATERAL (
    SELECT
        -- The day with which the series begins: the last one of the bar that seeds it. Windows without days
        -- have no bar, so its number is that of the period or a later one.
        r.last_row AS seed_row,
        -- The place of the period among those that the vectors were built with.
        array_position(coalesce(w.periods, s.periods), a.period) AS i,
        alpha_inside(s.ema_group LIKE 'cal_anchor%', a.alpha_day, a.alpha_equiv) AS alpha,
        -- What waits for a refresh isn't shown.
        coalesce(w.last_ts, s.last_ts) AS last_ts,
        coalesce((
            SELECT min(m.hidden_from) FROM ema_marks AS m
            WHERE
                m.id = s.id AND m.version > coalesce(w.marks_read, s.marks_read)
                AND m.output IN ('1d', s.bar_group)
        ), 'infinity') AS hidden_from
    FROM emas AS v
    INNER JOIN bars AS r ON r.id = s.id AND r.tf = a.tf AND r.bar_seq = v.bar_seq
    WHERE
        v.id = s.id AND v.tf = a.tf AND v.bar_seq >= a.period AND v.n_closed >= a.period AND r.is_closed
    ORDER BY v.bar_seq
    LIMIT 1
) AS n ON true
-- Nearly all blocks and days pass. The planner would guess a small part of them; of being true or true it
-- expects all.
INNER JOIN day_blocks AS k
    ON k.id = s.id AND (k.last_row >= n.seed_row AND n.i IS NOT NULL) IN (true, true)
-- An aggregate is one row, so it is left out where nothing of it is asked for. It names the block by its
-- number, not by its arrays, so that the planner may keep what days read one by one share.
LEFT JOIN LATERAL (
    SELECT
        min(r.ends) AS ends,
        min(v.bar_ends) AS bar_ends,
        min(v.day_ends) AS day_ends,
        ema_chain(
            min(y.closes), n.alpha, min(x.day_space[n.i]), n.seed_row - k.close_before,
            (min(v.day_ends))[array_position(min(r.ends), n.seed_row)]) AS day_v,
        ema_walk(
            min(y.closes), k.close_before + 1, min(r.ends), min(v.bar_ends), min(x.bar_space[n.i]), n.alpha,
            true) AS bar_v
    FROM day_blocks AS y
    LEFT JOIN emas_at_blocks AS x ON x.id = s.id AND x.tf = a.tf AND x.block = y.block
    LEFT JOIN LATERAL (
        SELECT
            array_agg(b.last_row ORDER BY b.bar_seq) AS ends,
            min(b.bar_seq) AS first_bar,
            max(b.bar_seq) AS last_bar
        FROM bar_blocks AS h
        INNER JOIN bars AS b
            ON
                b.id = s.id AND b.tf = a.tf AND b.is_closed AND b.last_row <= k.last_row
                -- Two bars may close on the two days before the block, and their differences need two more.
                AND b.bar_seq >= (
                    SELECT coalesce(min(q.bar_seq), 1)
                    FROM (
                        SELECT u.bar_seq FROM bars AS u
                        WHERE u.id = s.id AND u.tf = a.tf AND u.bar_seq <= coalesce(h.bar_seqs[k.slot], 1)
                        ORDER BY u.bar_seq DESC LIMIT 5
                    ) AS q)
                -- No window has less than nine tenths of its nominal days.
                AND b.bar_seq <= coalesce(h.bar_seqs[k.slot], 1) + k.span * 10 / (9 * a.tf_days) + 1
        WHERE h.id = s.id AND h.tf = a.tf AND h.part = k.part
    ) AS r ON true
    -- Their vectors: what is shown has one for each of these bars, so both are in the same order.
    LEFT JOIN LATERAL (
        SELECT
            array_agg(e.bar_space[n.i] ORDER BY e.bar_seq) AS bar_ends,
            array_agg(e.day_space[n.i] ORDER BY e.bar_seq) AS day_ends
        FROM emas AS e
        WHERE
            e.id = s.id AND e.tf = a.tf
            AND e.bar_seq >= coalesce(r.first_bar, 1) AND e.bar_seq <= coalesce(r.last_bar, 0)
    ) AS v ON true
    WHERE y.id = k.id AND y.block = k.block
) AS o ON true
INNER JOIN cmc_price_bars_1d AS d
    ON
        d.id = s.id AND d.block = k.block
        AND (
            d."timestamp" <= n.last_ts AND d."timestamp" < n.hidden_from
            AND d.bar_seq >= n.seed_row AND n.i IS NOT NULL)
        IN (true, true)
WHERE s.ema_group LIKE 'cal%';
