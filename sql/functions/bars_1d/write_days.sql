-- write_days: bring the validated days of one asset in a range of its raw days up to date.
--   p_id        asset id
--   p_tz        the asset's zone
--   p_from, p_to  raw rows with p_from <= "timestamp" < p_to (p_to NULL: open)
-- Returns   bars_written, bars_deleted: days; changed_from: the first of them, marked_from: the first in
--           which something changed that others read, changes: what of it from when on (a mark);
--           repaired_timehigh, repaired_timelow: how many of the written ones were repaired.
-- Errors    none.   Cost  the rows in the range; the days after it where their numbers change.
-- Rule      days after a bounded range make room before it grows, and move up after it has shrunk.
CREATE OR REPLACE FUNCTION write_days(
    p_id int, p_tz text, p_from timestamptz, p_to timestamptz,
    OUT bars_written int, OUT bars_deleted int, OUT changed_from timestamptz, OUT marked_from timestamptz,
    OUT changes mark, OUT repaired_timehigh int, OUT repaired_timelow int)
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
DECLARE
    v_deleted_from timestamptz;
    v_base int;
    v_shift int;
    v_shifted record;
    v_stored record;
BEGIN
    WITH gone AS (
        DELETE FROM cmc_price_bars_1d AS d
        WHERE
            d.id = p_id AND d."timestamp" >= p_from AND (p_to IS NULL OR d."timestamp" < p_to)
            -- A probe for each day, where a join would read all candidates.
            AND (
                SELECT c.reason IS NULL FROM bars_1d_candidates AS c
                WHERE c.id = p_id AND c."timestamp" = d."timestamp") IS NOT TRUE
        RETURNING d."timestamp"
    )
    SELECT count(*), min(g."timestamp") INTO bars_deleted, v_deleted_from FROM gone AS g;
    SELECT coalesce(max(d.bar_seq), 0) INTO v_base
    FROM cmc_price_bars_1d AS d WHERE d.id = p_id AND d."timestamp" < p_from;
    IF p_to IS NOT NULL THEN
        SELECT v_base + (
            SELECT count(*) FROM bars_1d_candidates AS c
            WHERE c.id = p_id AND c."timestamp" >= p_from AND c."timestamp" < p_to AND c.reason IS NULL
        ) + 1 - min(d.bar_seq) INTO v_shift
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
