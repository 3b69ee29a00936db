-- take_up_days: bring the bars of some timeframes up to the validated days.
--   p_id      asset id
--   p_days    how its validated days stand
--   p_work    what there is to do for its bars (bar_work); p_full, p_tfs  as asked for there
--   p_sessions  the asset's trading calendar (sessions_of_asset)
-- Returns   elements of bars_done, one or more per timeframe.
-- Errors    as append_bars and build_bars.
-- Cost      a few new days: append_bars for each of them; else build_bars; days of the calendar that
--           changed: reshape_bars.
-- Rule      bars that take several of the new days count once.
CREATE OR REPLACE FUNCTION take_up_days(
    p_id int, p_days day_facts, p_work bar_work[], p_sessions asset_sessions, p_full boolean, p_tfs text[])
RETURNS bars_done[]
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $$
DECLARE
    v_done bars_done[] := '{}';
    v_new bars_done[];
    v_append_tfs text[];
    v_append_from int;
    v_build_tfs text[];
    v_build_rows int[];
BEGIN
    SELECT
        array_agg(w.tf ORDER BY w.i) FILTER (WHERE w.appends), min(w.n_rows) FILTER (WHERE w.appends),
        array_agg(w.tf ORDER BY w.i) FILTER (WHERE NOT w.appends),
        rows_from(
            p_id, array_agg(w.from_ts ORDER BY w.i) FILTER (WHERE NOT w.appends), p_days.n_rows)
    INTO v_append_tfs, v_append_from, v_build_tfs, v_build_rows
    FROM bar_timeframes_to_refresh(
        p_id, p_days, p_work, p_full, p_tfs, moved_timeframes(p_id, p_work, p_sessions))
        WITH ORDINALITY AS w (tf, appends, n_rows, from_ts, i);

    IF v_append_tfs IS NOT NULL THEN
        FOR v_row IN v_append_from + 1 .. p_days.n_rows LOOP
            v_new := ARRAY(
                SELECT ROW(
                    a.tf, a.bars_written, 0, a.closing_from, a.changed_from, NULL, a.changed_from)::bars_done
                FROM append_bars(p_id, v_append_tfs, v_row, p_sessions) AS a);
            IF v_row > v_append_from + 1 THEN
                v_new := ARRAY(
                    SELECT ROW(
                        n.tf, (b.first_row = v_row)::int, 0, n.closing_from, n.changed_from, NULL,
                        n.reclosed_from)::bars_done
                    FROM unnest(v_new) AS n
                    INNER JOIN bars AS b ON b.id = p_id AND b.tf = n.tf AND b.last_row = v_row);
            END IF;
            v_done := v_done || v_new;
        END LOOP;
        IF block_of_row(p_days.n_rows) > block_of_row(v_append_from) THEN
            PERFORM keep_bar_blocks(
                p_id, v_append_tfs, array_fill(v_append_from + 1, ARRAY[cardinality(v_append_tfs)]));
        END IF;
    END IF;
    IF v_build_tfs IS NOT NULL THEN
        v_done := v_done || ARRAY(
            SELECT ROW(
                b.tf, b.bars_written, b.bars_deleted, b.closing_from, b.changed_from, NULL, NULL)::bars_done
            FROM build_bars(p_id, v_build_tfs, v_build_rows, p_sessions) AS b);
        IF blocks_may_differ(p_id, p_days.n_rows, p_work, v_build_rows) THEN
            PERFORM keep_bar_blocks(p_id, v_build_tfs, v_build_rows);
        END IF;
    END IF;
    RETURN v_done || count_days_anew(p_id, p_work, p_sessions, v_build_tfs);
END;
$$;
