-- append_bars_of_many: add one new day, the day after the one before, to the bars of some assets.
--   p_ids, p_tfs, p_rows   an element for each asset and timeframe (not 1D): its bars stand complete up to
--                          the day before, p_rows is the row number (1d bar_seq) of the new day
-- Returns   arrays with an element for each of them that has a bar of the day: ids, tfs, rows, bar_seqs of
--           the bar, begins: it begins with the day, closes: it closes with it, bars_before: the bar of the
--           day before (NULL: none).
-- Errors    TA030 a bar that goes on is missing.
-- Cost      one bar per asset and timeframe, found by arithmetic and changed where it stands.
-- Rule      as append_bars for assets without a calendar whose new day follows the one before: then no bar
--           closes late, and none misses a day more.
CREATE OR REPLACE FUNCTION append_bars_of_many(
    p_ids int[], p_tfs text[], p_rows int[],
    OUT ids int[], OUT tfs text[], OUT rows int[], OUT bar_seqs int[], OUT begins boolean[],
    OUT closes boolean[], OUT bars_before int[])
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
DECLARE
    v_to_come int[];
    v_written int;
BEGIN
    SELECT
        array_agg(u.id), array_agg(u.tf), array_agg(u.row_no), array_agg(u.bar_seq),
        array_agg(u.bar_before IS DISTINCT FROM u.bar_seq), array_agg(u.to_come = 0),
        array_agg(u.bar_before), array_agg(u.to_come)
    INTO ids, tfs, rows, bar_seqs, begins, closes, bars_before, v_to_come
    FROM (
        SELECT
            g.*,
            CASE
                WHEN g.kind = 'D' THEN g.bar_seq * g.n - g.row_no
                ELSE window_end(g.kind, g.n, g.first_unit, g.bar_seq) - g.day
            END AS to_come
        FROM (
            SELECT
                f.*, bar_of_day(f.kind, f.n, f.first_unit, f.row_no, f.day) AS bar_seq,
                nullif(bar_of_day(f.kind, f.n, f.first_unit, f.row_no - 1, f.day - 1), 0) AS bar_before
            FROM (
                SELECT
                    a.id, a.row_no, n.day, c.tf, c.unit_kind AS kind, c.tf_qty AS n,
                    first_unit(c.unit_kind, c.tf_qty, c.allow_partial_start, f.day) AS first_unit
                FROM unnest(p_ids, p_tfs, p_rows) AS a (id, tf, row_no)
                INNER JOIN dim_timeframe AS c ON c.tf = a.tf
                INNER JOIN cmc_price_bars_1d AS n ON n.id = a.id AND n.bar_seq = a.row_no
                INNER JOIN cmc_price_bars_1d AS f ON f.id = a.id AND f.bar_seq = 1
                OFFSET 0
            ) AS f
            OFFSET 0
        ) AS g
        WHERE g.bar_seq > 0
        OFFSET 0
    ) AS u;
    WITH written AS (
        UPDATE bars AS b SET
            last_row = n.row_no,
            days_remaining = n.to_come,
            is_closed = n.to_come = 0,
            time_close = d."timestamp",
            time_high = CASE
                WHEN d.high > b.high THEN d.time_high
                WHEN d.high = b.high THEN least(b.time_high, d.time_high)
                ELSE b.time_high
            END,
            time_low = CASE
                WHEN d.low < b.low THEN d.time_low
                WHEN d.low = b.low THEN least(b.time_low, d.time_low)
                ELSE b.time_low
            END,
            high = CASE WHEN d.high > b.high THEN d.high ELSE b.high END,
            low = CASE WHEN d.low < b.low THEN d.low ELSE b.low END,
            close = d.close,
            volume = coalesce(b.volume + d.volume, b.volume, d.volume),
            market_cap = coalesce(d.market_cap, b.market_cap)
        FROM unnest(ids, tfs, rows, bar_seqs, begins, v_to_come)
            AS n (id, tf, row_no, bar_seq, begins, to_come)
        INNER JOIN cmc_price_bars_1d AS d ON d.id = n.id AND d.bar_seq = n.row_no
        WHERE
            b.id = n.id AND b.tf = n.tf AND b.bar_seq = n.bar_seq AND NOT n.begins
            AND b.last_row = n.row_no - 1 AND NOT b.is_closed
        RETURNING b.id
    )
    SELECT count(*) INTO v_written FROM written;
    IF v_written <> (SELECT count(*) FROM unnest(begins) AS n (begins) WHERE NOT n.begins) THEN
        PERFORM raise_bars_differ(ids[1], 'of this or of other assets in the list');
    END IF;
    INSERT INTO bars (
        id, tf, bar_seq, first_row, last_row, days_remaining, missing_start, missing_interior, missing_end,
        is_closed, time_open, time_close, time_high, time_low, open, high, low, close, volume, market_cap)
    SELECT
        n.id, n.tf, n.bar_seq, n.row_no, n.row_no, n.to_come, 0, 0, 0, n.to_come = 0,
        bar_time_open(b."timestamp", d."timestamp"), d."timestamp", d.time_high, d.time_low, d.open, d.high,
        d.low, d.close, d.volume, d.market_cap
    FROM unnest(ids, tfs, rows, bar_seqs, begins, v_to_come)
        AS n (id, tf, row_no, bar_seq, begins, to_come)
    INNER JOIN cmc_price_bars_1d AS d ON d.id = n.id AND d.bar_seq = n.row_no
    INNER JOIN cmc_price_bars_1d AS b ON b.id = n.id AND b.bar_seq = n.row_no - 1
    WHERE n.begins;
END;
$$;
