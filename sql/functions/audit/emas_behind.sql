-- emas_behind: which EMAs of an asset wait for a refresh.
--   p_id                          asset id
--   p_groups, p_dirty, p_hidden   the rows of emas_waiting: groups, since when vectors may differ, and what
--                                 is shown of them
-- Returns   findings: ema_behind (warning; since when, and how many days that are), one for each group that
--           waits, and one with tf for each timeframe that a refresh of some left behind.
-- Errors    none.   Cost  what waits, only where something does.
-- Rule      as bars_behind.
CREATE OR REPLACE FUNCTION emas_behind(
    p_id int, p_groups text[], p_dirty timestamptz[], p_hidden timestamptz[])
RETURNS SETOF finding
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
DECLARE
    v_pending bigint;
    v_groups text[];
    v_tfs text[];
    v_since timestamptz[];
BEGIN
    SELECT count(*) INTO v_pending FROM emas_pending AS p WHERE p.id = p_id;
    IF v_pending > 0 THEN
        SELECT array_agg(q.ema_group), array_agg(q.tf), array_agg(least(q.dirty_from, q.hidden_from))
        INTO v_groups, v_tfs, v_since
        FROM emas_left_behind AS q WHERE q.id = p_id;
    END IF;
    RETURN QUERY
    SELECT
        'ema_behind', 'warning', p_id, w.tf, NULL::int, w.since,
        jsonb_build_object('variant', w.ema_group, 'since', w.since, 'n_rows', (
            SELECT count(*) FROM stored_days(p_id) AS d WHERE d."timestamp" >= w.since))
    FROM (
        SELECT g.ema_group, NULL::text AS tf, least(g.dirty_from, g.hidden_from) AS since
        FROM unnest(p_groups, p_dirty, p_hidden) AS g (ema_group, dirty_from, hidden_from)
        UNION ALL
        SELECT q.* FROM unnest(v_groups, v_tfs, v_since) AS q (ema_group, tf, since)
    ) AS w;
END;
$$;
