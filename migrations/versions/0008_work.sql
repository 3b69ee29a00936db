-- How the validated days of an asset stand, or will once they are refreshed; what is decided from it.
CREATE TYPE day_facts AS (
    id int, tz text, calendar text, n_rows int, first_ts timestamptz, last_ts timestamptz, new_days int,
    dirty_from timestamptz, action text, reason text, is_backfill boolean, is_empty boolean,
    has_bars boolean);

-- How a group of bars, or of EMAs, that was built stands, and what of it a partial refresh left behind.
CREATE TYPE bars_standing AS (
    id int, bar_group text, tz text, calendar text, tfs text[], n_rows int, first_ts timestamptz,
    last_ts timestamptz, dirty_from timestamptz, pending_from timestamptz, waiting text[],
    changed_days date[]);
CREATE TYPE emas_standing AS (
    id int, ema_group text, tfs text[], periods int[], n_rows int, first_ts timestamptz, last_ts timestamptz,
    series int, dirty_from timestamptz, hidden_from timestamptz, pending_from timestamptz,
    has_other_periods boolean);

-- What there is to do for a group of bars, and for a group of EMAs.
CREATE TYPE bar_work AS (
    id int, bar_group text, action text, reason text, dirty_from timestamptz, new_days int, all_days int,
    due text[], pending_from timestamptz, tfs text[], n_rows int, first_ts timestamptz, last_ts timestamptz,
    state_dirty_from timestamptz, is_recast boolean, changed_days date[]);
CREATE TYPE ema_work AS (
    id int, ema_group text, bar_group text, action text, reason text, dirty_from timestamptz, new_days int,
    all_days int, due text[], ready text[], tfs text[], periods int[], n_rows int, first_ts timestamptz,
    last_ts timestamptz, state_dirty_from timestamptz, hidden_from timestamptz, series int);

-- What was done for the bars of a timeframe.
CREATE TYPE bars_done AS (
    tf text, bars_written int, bars_deleted int, closing_from timestamptz, changed_from timestamptz,
    touched_from timestamptz, reclosed_from timestamptz);

-- A series of EMAs that has something to take up, and what was done for one.
CREATE TYPE ema_series_due AS (
    ema_group text, tf text, in_bar_space boolean, in_day_space boolean, appends boolean, n_rows int,
    from_ts timestamptz);
CREATE TYPE emas_done AS (ema_group text, tf text, vectors_written int, n_live int);

-- The timeframes of a group in catalogue order, without sorting them for every refresh.
CREATE INDEX dim_timeframe_bar_group_idx ON dim_timeframe (bar_group, display_order, tf);
