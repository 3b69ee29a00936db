-- mark_changes: say what changed in what a stage of an asset has put out, for all who read it.
--   p_id      asset id
--   p_marks   a mark per output: from when on which of its values changed; version doesn't matter
-- Returns   nothing.
-- Errors    none.   Locks  none: the caller holds the asset's lock.   Cost  a few rows.
-- Rule      versions go up with every call, and none is given twice to anybody who reads. Marks that the same
--           readers have before them are one; what all have read is dropped, so as many rows are left as
--           there are readers at different places.
CREATE OR REPLACE FUNCTION mark_changes(p_id int, p_marks mark[])
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $$
DECLARE
    v_reads int[] := ARRAY(SELECT DISTINCT h.marks_read FROM marks_held AS h WHERE h.id = p_id);
    v_kept mark[] := ARRAY(
        SELECT ROW(
            m.version, m.output, m.rows_from, m.open_from, m.high_from, m.low_from, m.close_from,
            m.volume_from, m.market_cap_from, m.closing_from)::mark
        FROM marks AS m WHERE m.id = p_id);
    v_version int := 1 + greatest(
        (SELECT max(r.version) FROM unnest(v_reads) AS r (version)),
        (SELECT max(k.version) FROM unnest(v_kept) AS k), 0);
BEGIN
    v_kept := v_kept || ARRAY(
        SELECT ROW(
            v_version, n.output, n.rows_from, n.open_from, n.high_from, n.low_from, n.close_from,
            n.volume_from, n.market_cap_from, n.closing_from)::mark
        FROM unnest(p_marks) AS n);
    v_kept := ARRAY(
        SELECT ROW(
            max(k.version), k.output, min(k.rows_from), min(k.open_from), min(k.high_from), min(k.low_from),
            min(k.close_from), min(k.volume_from), min(k.market_cap_from), min(k.closing_from))::mark
        FROM (
            SELECT
                m.*,
                (SELECT count(*) FROM unnest(v_reads) AS r (version) WHERE r.version < m.version) AS readers
            FROM unnest(v_kept) AS m
        ) AS k
        WHERE k.readers > 0
        GROUP BY k.output, k.readers);
    DELETE FROM marks AS m WHERE m.id = p_id;
    INSERT INTO marks (
        id, version, output, rows_from, open_from, high_from, low_from, close_from, volume_from,
        market_cap_from, closing_from)
    SELECT
        p_id, k.version, k.output, k.rows_from, k.open_from, k.high_from, k.low_from, k.close_from,
        k.volume_from, k.market_cap_from, k.closing_from
    FROM unnest(v_kept) AS k;
END;
$$;
