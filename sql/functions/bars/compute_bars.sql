-- compute_bars: the bars of some timeframes from a row on, computed from their days, and from how those that
--   began before stood.
--   p_id      asset id
--   p_tfs     timeframes (not 1D)
--   p_kinds, p_counts, p_units, p_bars   as in bar_runs
--   p_asset_first   the asset's first local day
--   p_heads, p_head_days   as from bar_heads; '{}': every bar wanted begins with one of the days given
--   p_row     row number (1d bar_seq) of the first day given: with heads that of their newest day; else the
--             day before the first one wanted, if there is one
--   p_stamps .. p_time_lows   the days from there to the newest, in order
--   p_clock, p_missing   as in bar_shape
-- Returns   the rows of bars, as stored.
-- Errors    none.
-- Cost      4 us a bar, some us a day.
-- Rule      0.0 and -0.0 are one price: the earlier day's spelling is kept. A market cap is that of the bar's
--           newest day that has one.
--           Of equal prices the earlier time counts. Long, since a bar's columns are one query.
CREATE OR REPLACE FUNCTION compute_bars(
    p_id int, p_tfs text[], p_kinds text[], p_counts int[], p_units int[], p_bars int[], p_asset_first date,
    p_heads computed_bar[], p_head_days date[], p_row int, p_stamps timestamptz[], p_days date[],
    p_opens float8[], p_highs float8[], p_lows float8[], p_closes float8[], p_volumes float8[],
    p_market_caps float8[], p_time_highs timestamptz[], p_time_lows timestamptz[], p_clock session_clock,
    p_missing date[]
)
RETURNS SETOF computed_bar
LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 10000
SET search_path FROM CURRENT
SET jit = off
SET enable_nestloop = off
SET enable_mergejoin = off
SET work_mem = '64MB'
SET plan_cache_mode = force_generic_plan
AS $$
#variable_conflict use_column
DECLARE
    v_days int := cardinality(p_days);
    -- Of each day: position of the newest day with a known volume, with a known market cap.
    v_known_volumes int[];
    v_known_caps int[];
    -- Days with days missing before them: position, first and last of the missing days.
    v_gaps int[];
    v_gap_firsts date[];
    v_gap_lasts date[];
    v_runs record;
BEGIN
    SELECT * INTO v_runs FROM bar_runs(
        p_kinds, p_counts, p_units, p_bars, p_row, p_days, p_highs, p_lows, p_time_highs,
        p_time_lows);
    SELECT array_agg(k.volume_at ORDER BY k.i), array_agg(k.cap_at ORDER BY k.i)
    INTO v_known_volumes, v_known_caps
    FROM (
        SELECT
            d.i, max(CASE WHEN d.volume IS NOT NULL THEN d.i END) OVER w AS volume_at,
            max(CASE WHEN d.market_cap IS NOT NULL THEN d.i END) OVER w AS cap_at
        FROM unnest(p_volumes, p_market_caps) WITH ORDINALITY AS d (volume, market_cap, i)
        WINDOW w AS (ORDER BY d.i ROWS UNBOUNDED PRECEDING)
    ) AS k;
    SELECT
        coalesce(array_agg(g.i ORDER BY g.i), '{}'), array_agg(g.before + 1 ORDER BY g.i),
        array_agg(g.day - 1 ORDER BY g.i)
    INTO v_gaps, v_gap_firsts, v_gap_lasts
    FROM unnest(p_days[2:], p_days[:v_days - 1]) WITH ORDINALITY AS u (day, before, n)
    CROSS JOIN LATERAL (SELECT u.day, u.before, (u.n + 1)::int AS i) AS g
    WHERE g.day > g.before + 1;

    RETURN QUERY
    SELECT
        p_id, p_tfs[r.tf], r.bar_seq, r.first_row, r.last_at + p_row - 1,
        s.days_remaining, s.missing_start, s.missing_interior, s.missing_end, s.is_closed,
        s.first_missing_day, s.last_missing_day,
        coalesce(r.head_opened, bar_time_open(p_stamps[r.first_at - 1], p_stamps[r.first_at])),
        p_stamps[r.last_at],
        CASE
            WHEN r.head_high > r.high THEN r.head_time_high
            WHEN r.head_high = r.high THEN least(r.head_time_high, p_time_highs[r.high_at])
            ELSE p_time_highs[r.high_at]
        END,
        CASE
            WHEN r.head_low < r.low THEN r.head_time_low
            WHEN r.head_low = r.low THEN least(r.head_time_low, p_time_lows[r.low_at])
            ELSE p_time_lows[r.low_at]
        END,
        coalesce(r.head_open, p_opens[r.first_at]),
        CASE
            WHEN r.head_high >= r.high THEN r.head_high
            WHEN r.high <> 0 THEN r.high
            ELSE (
                SELECT p_highs[z.i] FROM generate_series(r.first_at, r.last_at) AS z (i)
                WHERE p_highs[z.i] = 0 ORDER BY z.i LIMIT 1)
        END,
        CASE
            WHEN r.head_low <= r.low THEN r.head_low
            WHEN r.low <> 0 THEN r.low
            ELSE (
                SELECT p_lows[z.i] FROM generate_series(r.first_at, r.last_at) AS z (i)
                WHERE p_lows[z.i] = 0 ORDER BY z.i LIMIT 1)
        END,
        p_closes[r.last_at],
        CASE
            WHEN r.has_head THEN (volumes_at(p_volumes, 1, ARRAY[r.last_at], r.head_volume))[1]
            WHEN v_known_volumes[r.last_at] >= r.first_at THEN r.volume
        END,
        CASE
            WHEN v_known_caps[r.last_at] >= r.first_at THEN p_market_caps[v_known_caps[r.last_at]]
            ELSE r.head_market_cap
        END
    FROM (
        SELECT
            u.tf, u.bar_seq, u.first_at, u.last_at, u.high_at, u.low_at, u.volume,
            p_highs[u.high_at] AS high, p_lows[u.low_at] AS low, p_days[u.last_at] AS last_day,
            width_bucket(u.first_at, v_gaps) + 1 AS first_gap, width_bucket(u.last_at, v_gaps) AS last_gap,
            k.bar_seq IS NOT NULL AS has_head, coalesce(k.first_row, u.first_at + p_row - 1) AS first_row,
            CASE WHEN k.bar_seq IS NULL THEN p_days[u.first_at] ELSE p_head_days[u.tf] END AS first_day,
            k.time_open AS head_opened, k.open AS head_open, k.time_high AS head_time_high,
            k.high AS head_high, k.time_low AS head_time_low, k.low AS head_low, k.volume AS head_volume,
            k.market_cap AS head_market_cap, k.first_missing_day AS head_gap_first,
            k.last_missing_day AS head_gap_last
        FROM unnest(
            v_runs.tfs, v_runs.bars, v_runs.firsts, v_runs.lasts, v_runs.highs, v_runs.lows,
            volume_sums(array_replace(p_volumes, NULL, '-0.0'), v_runs.firsts, v_runs.lasts)
        ) AS u (tf, bar_seq, first_at, last_at, high_at, low_at, volume)
        LEFT JOIN unnest(p_heads) WITH ORDINALITY AS k ON k.ordinality = u.tf AND k.bar_seq = u.bar_seq
        -- Not pulled up: each place is looked up once.
        OFFSET 0
    ) AS r
    CROSS JOIN LATERAL bar_shape(
        p_kinds[r.tf], p_counts[r.tf], p_units[r.tf], r.bar_seq, p_asset_first, r.first_row,
        r.last_at + p_row - 1, r.first_day, r.last_day,
        CASE
            WHEN r.head_gap_first IS NOT NULL THEN r.head_gap_first
            WHEN r.last_gap >= r.first_gap THEN v_gap_firsts[r.first_gap]
        END,
        CASE WHEN r.last_gap >= r.first_gap THEN v_gap_lasts[r.last_gap] ELSE r.head_gap_last END,
        r.last_at = v_days, p_clock, p_missing
    ) AS s;
END;
$$;
