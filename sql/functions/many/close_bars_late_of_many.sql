-- close_bars_late_of_many: close the calendar bars of some assets that the day before left forming and that
--   the new day lies beyond.
--   p_calendars, p_clocks   calendars by name, and the applied form of each
--   p_ids, p_tfs, p_bars   an element for each asset and timeframe whose bar may be one: the bar of the day
--                          before
--   p_of, p_days_before    the calendar of the asset (NULL: none), and that day
--   p_ends                 the last day of the bar's window; NULL: it isn't meant
-- Returns   arrays with an element for each bar that it closed: ids, tfs, bar_seqs, closed_at: "timestamp" of
--           its last day.
-- Errors    none.   Cost  a probe of each bar.   Rule  as close_bars_late.
CREATE OR REPLACE FUNCTION close_bars_late_of_many(
    p_calendars text[], p_clocks session_clock[], p_ids int[], p_tfs text[], p_bars int[], p_of text[],
    p_days_before date[], p_ends date[],
    OUT ids int[], OUT tfs text[], OUT bar_seqs int[], OUT closed_at timestamptz[])
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
DECLARE
    v_missing record;
BEGIN
    SELECT * INTO v_missing
    FROM sessions_of_ranges(
        p_calendars, p_clocks, p_of,
        ARRAY(SELECT d.day + 1 FROM unnest(p_days_before) WITH ORDINALITY AS d (day, i) ORDER BY d.i),
        p_ends);
    WITH closed AS (
        UPDATE bars AS b SET
            is_closed = true,
            days_remaining = 0,
            missing_end = n.missing,
            first_missing_day = coalesce(b.first_missing_day, n.missing_from),
            last_missing_day = n.missing_to
        FROM unnest(p_ids, p_tfs, p_bars, v_missing.counts, v_missing.firsts, v_missing.lasts)
            AS n (id, tf, bar_seq, missing, missing_from, missing_to)
        WHERE
            b.id = n.id AND b.tf = n.tf AND b.bar_seq = n.bar_seq AND NOT b.is_closed
            AND n.missing IS NOT NULL
        RETURNING b.id, b.tf, b.bar_seq, b.time_close
    )
    SELECT array_agg(c.id), array_agg(c.tf), array_agg(c.bar_seq), array_agg(c.time_close)
    INTO ids, tfs, bar_seqs, closed_at
    FROM closed AS c;
END;
$$;
