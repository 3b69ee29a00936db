-- audit_bars_spacing: are neighbouring closed bars as far apart as their timeframe says?
--   p_id   asset id
-- Returns   findings: spacing; n of n_deltas distances in local days outside the catalogue's bounds. info
--           when missing days explain all of them exactly, else error.
-- Errors    none.   Cost  one pass over the closed bars and the days.
-- Rule      N-day bars are explained when their closes are N rows apart; calendar bars when their windows are
--           as far apart as their closes, less the days missing at their ends. With a calendar, closes of
--           N-day bars are sessions apart, and those of calendar bars stand at the ends of their windows.
CREATE OR REPLACE FUNCTION audit_bars_spacing(p_id int)
RETURNS SETOF finding
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
SET enable_nestloop = off
SET enable_mergejoin = off
SET work_mem = '64MB'
AS $$
DECLARE
    -- NULL too while bars wait for a refresh that takes up another calendar.
    v_calendar text := (SELECT a.calendar FROM assets AS a WHERE a.id = p_id);
    v_clock session_clock;
BEGIN
    IF calendar_pending(p_id) THEN
        v_calendar := NULL;
    END IF;
    v_clock := calendar_clock(v_calendar);
    RETURN QUERY
    WITH days AS MATERIALIZED (
        SELECT row_number() OVER (ORDER BY d."timestamp") AS row_no, d."timestamp" AS ts, d.day
        FROM cmc_price_bars_1d AS d
        WHERE d.id = p_id
    ),
    frames AS MATERIALIZED (
        SELECT
            t.tf, t.unit_kind, t.tf_qty, 
            first_unit(t.unit_kind, t.tf_qty, t.is_anchored, t.first_day, t.session_before) AS first_unit,
            coalesce(t.tf_days_min, timeframe_nominal_days(t.tf) - 0.5) AS least,
            coalesce(t.tf_days_max, timeframe_nominal_days(t.tf) + 0.5) AS most
        FROM built_timeframes AS t
        WHERE t.id = p_id AND t.settled
    ),
    closes AS (
        SELECT
            t.*, b.bar_seq, b.time_close, b.missing_end, d.row_no,
            CASE WHEN v_calendar IS NOT NULL AND t.unit_kind <> 'D'
                THEN window_end(t.unit_kind, t.tf_qty, t.first_unit, b.bar_seq) - date 'J0'
                ELSE session_number(v_clock, d.day) END AS place
        FROM bars AS b
        INNER JOIN frames AS t ON t.tf = b.tf
        LEFT JOIN days AS d ON d.ts = b.time_close
        WHERE b.id = p_id AND b.is_closed
    ),
    deltas AS (
        SELECT
            c.*, c.place - lag(c.place) OVER w AS delta, c.row_no - lag(c.row_no) OVER w AS rows_between,
            lag(c.bar_seq) OVER w AS bar_before, lag(c.missing_end) OVER w AS missing_before
        FROM closes AS c
        WINDOW w AS (PARTITION BY c.tf ORDER BY c.bar_seq)
    ),
    judged AS (
        SELECT
            e.*, e.delta NOT BETWEEN e.least AND e.most AS is_outside,
            CASE
                WHEN e.unit_kind = 'D' THEN e.rows_between = e.tf_qty
                WHEN v_calendar IS NOT NULL THEN true
                ELSE e.delta + e.missing_end - e.missing_before
                    = window_end(e.unit_kind, e.tf_qty, e.first_unit, e.bar_seq)
                    - window_end(e.unit_kind, e.tf_qty, e.first_unit, e.bar_before)
            END IS TRUE AS is_explained
        FROM deltas AS e
        -- A hole in the numbers of N-day bars is a matter of numbering.
        WHERE e.bar_before = e.bar_seq - 1 OR (e.unit_kind <> 'D' AND e.bar_before IS NOT NULL)
    )
    SELECT
        'spacing',
        CASE WHEN bool_and(j.is_explained) FILTER (WHERE j.is_outside) THEN 'info' ELSE 'error' END,
        p_id, j.tf, NULL::int, min(j.time_close) FILTER (WHERE j.is_outside),
        jsonb_build_object(
            'n', count(*) FILTER (WHERE j.is_outside), 'n_deltas', count(*),
            'share', count(*) FILTER (WHERE j.is_outside)::float8 / count(*),
            'min_delta', min(j.delta), 'max_delta', max(j.delta))
    FROM judged AS j
    GROUP BY j.tf
    HAVING bool_or(j.is_outside);
END;
$$;
