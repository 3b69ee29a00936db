-- refresh_bar_group: bring one group of bars of one asset up to date; the asset's row is locked.
--   p_id, p_group, p_tz, p_rezone, p_full, p_tfs, p_include_non_canonical  as in refresh_bar_groups
--   p_rows, p_first, p_last   number of validated days, "timestamp" of the first and the last one
-- Returns   one row: action, dirty_from, bars_written, bars_deleted.
-- Errors    TA010, TA030.   Cost  append_bars for a few new days, else build_bars.
-- Rule      bars, state and what is handed on to the EMAs change together.
CREATE OR REPLACE FUNCTION refresh_bar_group(
    p_id int, p_group text, p_tz text, p_rezone boolean, p_full boolean, p_tfs text[],
    p_include_non_canonical boolean, p_rows int, p_first timestamptz, p_last timestamptz,
    OUT action text, OUT dirty_from timestamptz, OUT bars_written int, OUT bars_deleted int)
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
DECLARE
    v_state bars_state%ROWTYPE;
    v_built boolean;
    v_due text[];
    v_dropped text[];
    v_tfs text[];
    v_from timestamptz[];
    v_from_rows int[];
    v_any_new boolean;
    v_from_pending timestamptz;
    v_late timestamptz[] := '{}';
    v_closing timestamptz;
    v_changed timestamptz;
    v_appends boolean;
    v_count int := 0;
    v_written int := 0;
    v_variants text[] := CASE WHEN p_group = 'multi_tf' THEN ARRAY['multi_tf', 'multi_tf_v2'] ELSE ARRAY[p_group] END;
    v_now timestamptz := now();
BEGIN
    action := 'noop'; bars_written := 0; bars_deleted := 0;
    SELECT * INTO v_state FROM bars_state AS s WHERE s.id = p_id AND s.family = p_group;
    v_built := FOUND;
    v_due := due_timeframes(p_group, v_state.tfs, p_tfs, p_include_non_canonical, p_full AND p_tfs IS NULL);
    SELECT array_agg(t.tf) INTO v_dropped FROM unnest(v_state.tfs) AS t (tf) WHERE NOT t.tf = ANY(v_due);

    IF NOT p_full AND NOT p_rezone THEN
        IF v_built AND v_state.dirty_from IS NULL
            AND ROW(v_state.n_rows, v_state.first_ts, v_state.last_ts) IS DISTINCT FROM ROW(p_rows, p_first, p_last)
        THEN
            PERFORM raise_bars_differ(p_id, p_group);
        ELSIF NOT v_built AND EXISTS (SELECT FROM bars AS b WHERE b.id = p_id AND b.tf = ANY(v_due)) THEN
            PERFORM raise_bars_differ(p_id, p_group);
        END IF;
    END IF;

    -- What is to be computed, and from which day on.
    SELECT
        array_agg(w.tf ORDER BY w.ordinal), array_agg(w.from_ts ORDER BY w.ordinal),
        coalesce(bool_or(w.is_new), false), min(w.pending_from),
        bool_and(w.from_ts > v_state.last_ts AND NOT w.is_new AND w.pending_from IS NULL)
    INTO v_tfs, v_from, v_any_new, v_from_pending, v_appends
    FROM (
        SELECT
            t.tf, t.ordinal, NOT t.tf = ANY(coalesce(v_state.tfs, '{}')) AS is_new, p.dirty_from AS pending_from,
            CASE
                WHEN p_full OR p_rezone OR NOT t.tf = ANY(coalesce(v_state.tfs, '{}')) THEN '-infinity'
                ELSE least(v_state.dirty_from, p.dirty_from)
            END AS from_ts
        FROM unnest(v_due) WITH ORDINALITY AS t (tf, ordinal)
        LEFT JOIN bars_pending AS p ON p.id = p_id AND p.tf = t.tf
        WHERE p_tfs IS NULL OR p_rezone OR t.tf = ANY(p_tfs)
    ) AS w
    WHERE w.from_ts IS NOT NULL;
    IF v_tfs IS NULL AND v_dropped IS NULL AND v_built AND (v_state.dirty_from IS NULL OR p_tfs IS NOT NULL) THEN
        RETURN;
    END IF;

    IF v_dropped IS NOT NULL THEN
        WITH gone AS (DELETE FROM bars AS b WHERE b.id = p_id AND b.tf = ANY(v_dropped) RETURNING b.id)
        SELECT count(*) INTO v_count FROM gone;
        bars_deleted := v_count;
        DELETE FROM bars_pending AS p WHERE p.id = p_id AND p.tf = ANY(v_dropped);
    END IF;

    v_appends := v_appends AND v_built AND v_state.first_ts = p_first AND p_rows - v_state.n_rows BETWEEN 1 AND 8;
    IF v_appends THEN
        FOR v_row IN v_state.n_rows + 1 .. p_rows LOOP
            SELECT v_written + count(*), v_late || array_agg(a.closing_from) FILTER (WHERE a.closing_from IS NOT NULL)
            INTO v_written, v_late
            FROM append_bars(p_id, p_tz, v_tfs, v_row) AS a;
        END LOOP;
        bars_written := v_written;
        -- A bar that took several of the new days counts once.
        IF p_rows - v_state.n_rows > 1 THEN
            SELECT count(*) INTO bars_written FROM unnest(v_tfs) AS t (tf)
            INNER JOIN bars AS b ON b.id = p_id AND b.tf = t.tf
            WHERE b.time_close > v_state.last_ts;
            bars_written := bars_written + (SELECT count(*) FROM unnest(v_late) AS l (ts) WHERE l.ts <= v_state.last_ts);
        END IF;
        v_closing := (SELECT min(l.ts) FROM unnest(v_late) AS l (ts));
    ELSIF v_tfs IS NOT NULL THEN
        SELECT array_agg(coalesce((
            SELECT min(d.bar_seq) FROM cmc_price_bars_1d AS d WHERE d.id = p_id AND d."timestamp" >= f.from_ts
        ), p_rows + 1) ORDER BY f.ordinal) INTO v_from_rows
        FROM unnest(v_from) WITH ORDINALITY AS f (from_ts, ordinal);
        SELECT
            coalesce(sum(b.bars_written), 0), v_count + coalesce(sum(b.bars_deleted), 0), min(b.closing_from),
            min(b.changed_from) FILTER (WHERE b.tf = ANY(v_state.tfs))
        INTO bars_written, bars_deleted, v_closing, v_changed
        FROM build_bars(p_id, p_tz, v_tfs, v_from_rows) AS b;
    END IF;

    dirty_from := (SELECT min(f.from_ts) FROM unnest(v_from) AS f (from_ts));
    action := CASE
        WHEN p_full OR p_rezone OR NOT v_built OR v_any_new THEN 'rebuild'
        WHEN v_tfs IS NULL THEN 'noop'
        WHEN v_state.first_ts <> p_first THEN 'backfill'
        WHEN dirty_from > v_state.last_ts THEN 'append'
        ELSE 'revise'
    END;
    dirty_from := CASE WHEN action <> 'noop' THEN greatest(dirty_from, least(v_state.first_ts, p_first)) END;

    -- Timeframes that this call leaves out keep waiting.
    IF p_tfs IS NOT NULL AND NOT p_rezone AND v_state.dirty_from IS NOT NULL THEN
        INSERT INTO bars_pending AS p (id, tf, family, dirty_from, first_ts, last_ts)
        SELECT p_id, t.tf, p_group, v_state.dirty_from, v_state.first_ts, v_state.last_ts
        FROM unnest(v_due) AS t (tf)
        WHERE t.tf = ANY(v_state.tfs) AND NOT t.tf = ANY(coalesce(v_tfs, '{}'))
        ON CONFLICT (id, tf) DO UPDATE SET dirty_from = least(p.dirty_from, excluded.dirty_from);
    END IF;
    DELETE FROM bars_pending AS p WHERE p.id = p_id AND p.tf = ANY(v_tfs);

    INSERT INTO bars_state AS s (id, family, tz, tfs, first_ts, last_ts, n_rows, dirty_from, updated_at)
    VALUES (p_id, p_group, p_tz, v_due, p_first, p_last, p_rows, NULL, v_now)
    ON CONFLICT (id, family) DO UPDATE SET
        tz = excluded.tz, tfs = excluded.tfs, first_ts = excluded.first_ts, last_ts = excluded.last_ts,
        n_rows = excluded.n_rows, dirty_from = NULL, updated_at = excluded.updated_at;

    -- A bar that closed late or opened again changes the rows of its last day; a rebuild what it really changed.
    IF p_rezone AND p_group <> 'multi_tf' THEN
        v_changed := '-infinity';
    ELSIF action <> 'rebuild' THEN
        v_changed := v_from_pending;
    END IF;
    UPDATE emas_state AS s SET
        hidden_from = least(s.hidden_from, v_closing, v_changed),
        dirty_from = least(s.dirty_from, v_changed)
    WHERE
        s.id = p_id AND s.variant = ANY(v_variants) AND (v_closing IS NOT NULL OR v_changed IS NOT NULL)
        AND (s.hidden_from IS NULL OR s.hidden_from > least(v_closing, v_changed)
            OR s.dirty_from IS NULL OR s.dirty_from > v_changed);
END;
$$;
