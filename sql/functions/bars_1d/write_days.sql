-- write_days: bring the validated days of one asset in a range of its raw days up to date.
--   p_id        asset id
--   p_tz        the asset's zone
--   p_from, p_to  raw rows with p_from <= "timestamp" < p_to (p_to NULL: open)
--   p_last_ts, p_rows   the newest validated day as they stand (NULL: none), and how many there are
-- Returns   bars_written, bars_deleted: days; changed_from: the first of them, marked_from: the first in
--           which something changed that others read, changes: what of it from when on (a mark);
--           repaired_timehigh, repaired_timelow: how many of the written ones were repaired.
-- Errors    none.   Cost  the rows in the range; the days after it where their numbers change.
-- Rule      days after a bounded range make room before it grows, and move up after it has shrunk.
CREATE OR REPLACE FUNCTION write_days(
    p_id int, p_tz text, p_from timestamptz, p_to timestamptz, p_last_ts timestamptz, p_rows int,
    OUT bars_written int, OUT bars_deleted int, OUT changed_from timestamptz, OUT marked_from timestamptz,
    OUT changes mark, OUT repaired_timehigh int, OUT repaired_timelow int)
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
DECLARE
    v_gone timestamptz[];
    v_deleted_from timestamptz;
    v_accepted int;
    v_base int := p_rows;
    v_shift int;
    v_shifted record;
    v_stored record;
BEGIN
    IF p_from <= p_last_ts THEN
        SELECT array_agg(d."timestamp") INTO v_gone FROM cmc_price_bars_1d AS d
        WHERE d.id = p_id AND d."timestamp" >= p_from AND (p_to IS NULL OR d."timestamp" < p_to);
        SELECT coalesce(max(d.bar_seq), 0) INTO v_base
        FROM cmc_price_bars_1d AS d WHERE d.id = p_id AND d."timestamp" < p_from;
    END IF;
    IF v_gone IS NOT NULL THEN
        SELECT array_agg(d.stamp), min(d.stamp) INTO v_gone, v_deleted_from FROM unnest(v_gone) AS d (stamp)
        WHERE NOT EXISTS (
            SELECT 1 FROM candidates_of(p_id, p_from, p_to) AS c
            WHERE c."timestamp" = d.stamp AND c.reason IS NULL);
        DELETE FROM cmc_price_bars_1d AS d WHERE d.id = p_id AND d."timestamp" = ANY(v_gone);
    END IF;
    bars_deleted := coalesce(cardinality(v_gone), 0);
    IF p_to IS NOT NULL THEN
        SELECT count(*) INTO v_accepted FROM candidates_of(p_id, p_from, p_to) AS c WHERE c.reason IS NULL;
        SELECT v_base + v_accepted + 1 - min(d.bar_seq) INTO v_shift
        FROM cmc_price_bars_1d AS d WHERE d.id = p_id AND d."timestamp" >= p_to;
    END IF;
    IF v_shift > 0 THEN
        SELECT * INTO v_shifted FROM shift_bars_1d(p_id, p_to, v_shift);
    END IF;
    SELECT * INTO v_stored FROM store_days(p_id, p_tz, p_from, p_to, v_base);
    IF v_shift < 0 THEN
        SELECT * INTO v_shifted FROM shift_bars_1d(p_id, p_to, v_shift);
    END IF;
    bars_written := v_stored.bars_written;
    changed_from := least(v_deleted_from, v_stored.written_from);
    changes := ROW(
        NULL, '1d', least(v_deleted_from, v_stored.rows_from), v_stored.open_from, v_stored.high_from,
        v_stored.low_from, v_stored.close_from, v_stored.volume_from, v_stored.market_cap_from, NULL);
    repaired_timehigh := v_stored.repaired_timehigh;
    repaired_timelow := v_stored.repaired_timelow;
    IF v_shift <> 0 THEN
        bars_written := bars_written + v_shifted.shifted;
        changed_from := least(changed_from, v_shifted.first_shifted);
        changes.rows_from := least(changes.rows_from, v_shifted.first_shifted);
    END IF;
    marked_from := least(
        changes.rows_from, changes.open_from, changes.high_from, changes.low_from, changes.close_from,
        changes.volume_from, changes.market_cap_from);
END;
$$;
