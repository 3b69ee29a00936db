-- calendar, version and clock: the calendar as applied, NULL: none; the rest as in bars_state.
CREATE TYPE asset_sessions AS (
    calendar text, version int, clock session_clock, session_before date, missing_days date[],
    extra_days date[]);
-- What builders hand on: rows of bars, emas and emas_at_blocks on their way there. Types of their own, since
-- a function that names a table's type would keep the table from being split.
CREATE TYPE computed_bar AS (
    id int, tf text, bar_seq int, first_row int, last_row int, days_remaining int, missing_start int,
    missing_interior int, missing_end int, is_closed boolean, first_missing_day date, last_missing_day date,
    time_open timestamptz, time_close timestamptz, time_high timestamptz, time_low timestamptz, open float8,
    high float8, low float8, close float8, volume float8, market_cap float8);
CREATE TYPE computed_vector AS (
    id int, tf text, bar_seq int, n_closed int, bar_space float8[], day_space float8[], anchor float8[]);
CREATE TYPE computed_block AS (id int, tf text, block int, bar_space float8[], day_space float8[]);
