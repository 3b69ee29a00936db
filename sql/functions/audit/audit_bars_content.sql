-- audit_bars_content: is every bar what its days say, bit for bit?
--   p_id           asset id
--   p_timeframes   what was built, as timeframes_built knows it; NULL: it is asked for
-- Returns   findings (error): bar_numbering (numbers missing in n_gaps runs, the longest max_gap; bars
--           without a day in their window: n_surplus), bar_content (n bars, the columns that differ),
--           bar_continuity (n bars that don't open 1 ms after the day before them), bar_times (n).
-- Errors    none.   Cost  that of bars_of_days.
-- Rule      only settled timeframes are judged; one without any bar is a matter of coverage.
CREATE OR REPLACE FUNCTION audit_bars_content(p_id int, p_timeframes jsonb DEFAULT NULL)
RETURNS SETOF finding
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
SET enable_nestloop = off
SET enable_mergejoin = off
SET work_mem = '64MB'
AS $$
DECLARE
    -- Counts of days follow the calendar, so they wait for a refresh that takes up another one.
    v_is_pending boolean := calendar_pending(p_id);
    v_due computed_bar[] := ARRAY(SELECT e FROM bars_of_days(p_id, p_timeframes) AS e);
    v_numbers int[];
    v_opens timestamptz[];
BEGIN
    IF v_due = '{}' THEN
        RETURN;
    END IF;
    SELECT array_agg(d.bar_seq ORDER BY d.bar_seq), array_agg(d.time_open ORDER BY d.bar_seq)
    INTO v_numbers, v_opens
    FROM cmc_price_bars_1d AS d WHERE d.id = p_id;
    RETURN QUERY
    WITH due AS MATERIALIZED (
        SELECT e.* FROM unnest(v_due) AS e
    ),
    stored AS MATERIALIZED (
        SELECT b.* FROM stored_bars(p_id) AS b
        INNER JOIN timeframes_built(p_id, p_timeframes) AS t ON t.tf = b.tf
        WHERE t.settled
    ),
    judged AS (
        SELECT
            e.tf, e.bar_seq, e.time_close AS ts, v.name,
            CASE WHEN v.name = 'bar_content' THEN differing_keys(row_to_json(e), row_to_json(b)) END
                AS columns
        FROM due AS e
        INNER JOIN stored AS b ON b.tf = e.tf AND b.bar_seq = e.bar_seq
        CROSS JOIN LATERAL (VALUES
            ('bar_content', CASE WHEN v_is_pending THEN record_image_ne(
                ROW(e.first_row, e.last_row, e.time_open, e.time_close, e.time_high, e.time_low, e.open,
                    e.high, e.low, e.close, e.volume, e.market_cap),
                ROW(b.first_row, b.last_row, b.time_open, b.time_close, b.time_high, b.time_low, b.open,
                    b.high, b.low, b.close, b.volume, b.market_cap)
            ) ELSE record_image_ne(e, b) END),
            ('bar_continuity', b.time_open <> e.time_open),
            ('bar_times', b.time_open >= b.time_close OR greatest(b.time_high, b.time_low) > b.time_close
                OR (least(b.time_high, b.time_low) < b.time_open AND least(b.time_high, b.time_low) < (
                    SELECT min(o.opens) FROM unnest(v_opens[
                        width_bucket(e.first_row - 1, v_numbers) + 1:width_bucket(e.last_row, v_numbers)
                    ]) AS o (opens))))
        ) AS v (name, is_bad)
        WHERE v.is_bad
    ),
    numbered AS (
        SELECT
            e.tf, b.tf IS NOT NULL AS is_stored, e.time_close AS ts,
            row_number() OVER (PARTITION BY e.tf ORDER BY e.bar_seq) AS ordinal,
            row_number() OVER (PARTITION BY e.tf, b.tf IS NOT NULL ORDER BY e.bar_seq) AS ordinal_alike,
            bool_or(b.tf IS NOT NULL) OVER (PARTITION BY e.tf) AS any_stored
        FROM due AS e
        LEFT JOIN stored AS b ON b.tf = e.tf AND b.bar_seq = e.bar_seq
    ),
    -- Missing bars that stand side by side share the difference of two counts.
    runs AS (
        SELECT n.tf, count(*) AS n, 1 AS is_gap, min(n.ts) AS ts
        FROM numbered AS n
        WHERE n.any_stored AND NOT n.is_stored
        GROUP BY n.tf, n.ordinal - n.ordinal_alike
        UNION ALL
        SELECT b.tf, 1, 0, b.time_close FROM stored AS b
        LEFT JOIN due AS e ON e.tf = b.tf AND e.bar_seq = b.bar_seq
        WHERE e.tf IS NULL
    )
    SELECT
        'bar_numbering', 'error', p_id, r.tf, NULL::int, min(r.ts),
        jsonb_build_object('n_gaps', sum(r.is_gap), 'max_gap', max(r.n * r.is_gap),
            'n_surplus', sum(1 - r.is_gap))
    FROM runs AS r
    GROUP BY r.tf
    UNION ALL
    SELECT
        j.name, 'error', p_id, j.tf, NULL::int, min(j.ts),
        jsonb_strip_nulls(jsonb_build_object(
            'n', count(DISTINCT j.bar_seq),
            'columns', jsonb_agg(DISTINCT u.key) FILTER (WHERE u.key IS NOT NULL)))
    FROM judged AS j
    LEFT JOIN LATERAL unnest(j.columns) AS u (key) ON true
    GROUP BY j.name, j.tf;
END;
$$;
