-- bar_shape: what the window of a bar says of it: closed or forming, days missing and days to come.
--   p_kind, p_n, p_first_unit   timeframe: unit, units per bar, unit with which bar 1 begins
--   p_bar_seq         number of the bar
--   p_asset_first     the asset's first local day
--   p_first_row, p_last_row   row numbers (1d bar_seq) of the bar's first and last day
--   p_first_day, p_last_day   their local days
--   p_gap_first, p_gap_last   first and last day without a row between them; NULL: none
--   p_is_newest       the bar holds the asset's newest day
--   p_clock           the asset's trading calendar as applied; NULL: every day is expected
--   p_missing         its sessions without a row, sorted; NULL: every day is expected
-- Returns   one row: the columns of bars that count days.
-- Errors    none.   Cost  constant; inlined.
-- Rule      N-day bars count rows; a calendar bar closes with the last session of its window or when a later
--           bar begins, and days are expected from the start of its window or the asset's first day on. Only
--           the newest bar has days to come, so the calendar itself is asked for it alone.
CREATE OR REPLACE FUNCTION bar_shape(
    p_kind text, p_n int, p_first_unit int, p_bar_seq int, p_asset_first date, p_first_row int,
    p_last_row int, p_first_day date, p_last_day date, p_gap_first date, p_gap_last date, p_is_newest boolean,
    p_clock session_clock, p_missing date[]
)
RETURNS TABLE (
    days_remaining int, missing_start int, missing_interior int, missing_end int, is_closed boolean,
    first_missing_day date, last_missing_day date
)
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT
        CASE
            WHEN p_kind = 'D' THEN p_n - (p_last_row - p_first_row + 1)
            WHEN c.is_closed THEN 0
            ELSE c.after
        END,
        c.before,
        c.between_rows,
        c.missing_end,
        c.is_closed,
        CASE
            WHEN c.before > 0 THEN first_missing_from(p_missing, c.expected_start)
            WHEN c.between_rows > 0 AND p_missing IS NULL THEN p_gap_first
            WHEN c.between_rows > 0 THEN first_missing_from(p_missing, p_first_day)
            WHEN c.missing_end > 0 THEN first_missing_from(p_missing, p_last_day + 1)
        END,
        CASE
            WHEN c.missing_end > 0 THEN last_missing_to(p_missing, c.window_end)
            WHEN c.between_rows > 0 AND p_missing IS NULL THEN p_gap_last
            WHEN c.between_rows > 0 THEN last_missing_to(p_missing, p_last_day)
            WHEN c.before > 0 THEN last_missing_to(p_missing, p_first_day - 1)
        END
    FROM (
        SELECT
            n.*,
            CASE WHEN p_kind = 'D' OR NOT n.is_closed THEN 0 ELSE n.after END AS missing_end
        FROM (
            SELECT
                w.*,
                missing_between(p_missing, w.expected_start, p_first_day - 1, 0) AS before,
                missing_between(p_missing, p_first_day, p_last_day, p_last_row - p_first_row + 1)
                    AS between_rows,
                CASE
                    WHEN p_is_newest THEN sessions_between(p_clock, p_last_day + 1, w.window_end)
                    ELSE missing_between(p_missing, p_last_day + 1, w.window_end, 0)
                END AS after,
                CASE
                    WHEN p_kind = 'D' THEN p_last_row = p_bar_seq::bigint * p_n
                    ELSE NOT p_is_newest OR sessions_between(p_clock, p_last_day + 1, w.window_end) = 0
                END AS is_closed
            FROM (
                SELECT
                    CASE WHEN p_kind = 'D' THEN p_first_day
                        ELSE greatest(window_start(p_kind, p_n, p_first_unit, p_bar_seq), p_asset_first)
                    END AS expected_start,
                    window_end(p_kind, p_n, p_first_unit, p_bar_seq) AS window_end
                -- Not pulled up: its columns are asked for often.
                WHERE true
                OFFSET 0
            ) AS w
        ) AS n
    ) AS c;
END;
