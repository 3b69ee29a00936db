-- stale_assets: which assets stay behind others.
--   p_ids   assets that are asked about; NULL: all
-- Returns   findings: stale_asset (info; more than 3 days, or sessions of its calendar, behind the newest day
--           of any asset), without accepted ones.
-- Errors    none.   Cost  the keys of all validated days.
-- Rule      shards are asked for the newest day of each asset and nothing else, and for what was accepted of
--           those that stay behind only.
CREATE OR REPLACE FUNCTION stale_assets(p_ids int[])
RETURNS SETOF finding
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
DECLARE
    v_ids int[];
    v_last timestamptz[];
    v_days date[];
    v_behind numeric[];
    v_accepted int[];
    v_from date[];
    v_to date[];
BEGIN
    SELECT array_agg(l.id), array_agg(l.last_ts), array_agg(l.last_day) INTO v_ids, v_last, v_days
    FROM (
        SELECT d.id, max(d."timestamp") AS last_ts, max(d.day) AS last_day
        FROM cmc_price_bars_1d AS d
        GROUP BY d.id
    ) AS l;
    SELECT array_agg(b.id), array_agg(b.last_ts), array_agg(b.last_day), array_agg(b.behind)
    INTO v_ids, v_last, v_days, v_behind
    FROM (
        SELECT
            l.*,
            CASE WHEN k.clock IS NULL THEN l.newest - l.last_ts > interval '72 hours'
                ELSE sessions_between(k.clock, l.last_day + 1, l.newest_day) > 3 END AS is_stale,
            CASE WHEN k.clock IS NULL THEN floor(extract(EPOCH FROM l.newest - l.last_ts) / 86400)
                ELSE sessions_between(k.clock, l.last_day + 1, l.newest_day) END AS behind
        FROM (
            SELECT u.*, max(u.last_ts) OVER () AS newest, max(u.last_day) OVER () AS newest_day
            FROM unnest(v_ids, v_last, v_days) AS u (id, last_ts, last_day)
        ) AS l
        LEFT JOIN assets AS s ON s.id = l.id
        LEFT JOIN calendars_applied AS k ON k.calendar = s.calendar
    ) AS b
    WHERE b.is_stale AND b.id = ANY(coalesce(p_ids, ARRAY[b.id]));
    IF v_ids IS NULL THEN
        RETURN;
    END IF;
    SELECT array_agg(a.id), array_agg(a.first_day), array_agg(a.last_day) INTO v_accepted, v_from, v_to
    FROM accepted_findings AS a WHERE a."check" = 'stale_asset' AND a.id = ANY(v_ids);
    RETURN QUERY
    SELECT
        'stale_asset', 'info', b.id, '1D', NULL::int, b.last_ts,
        jsonb_build_object('last', b.last_ts, 'behind_days', b.behind)
    FROM unnest(v_ids, v_last, v_days, v_behind) AS b (id, last_ts, last_day, behind)
    WHERE NOT EXISTS (
        SELECT 1 FROM unnest(v_accepted, v_from, v_to) AS a (id, first_day, last_day)
        WHERE a.id = b.id AND b.last_day BETWEEN a.first_day AND a.last_day);
END;
$$;
