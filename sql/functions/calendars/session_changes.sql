-- session_changes: the days that are a session of one applied form of a calendar and none of another.
--   p_before, p_after   two session_clocks
-- Returns   the days from 1700-01-01 to 2299-12-31, sorted; an empty array when none changed.
-- Errors    none.
-- Cost      the exceptions of both, where the weeks are the same; else also the years in which they differ.
-- Rule      days outside these years are no rows that an asset can have.
CREATE OR REPLACE FUNCTION session_changes(p_before session_clock, p_after session_clock)
RETURNS date[]
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path FROM CURRENT
AS $$
BEGIN
    IF p_before.from_days = p_after.from_days AND p_before.weeks = p_after.weeks THEN
        RETURN ARRAY(
            SELECT c.day
            FROM (
                SELECT b.day FROM unnest(p_before.closed_days || p_before.opened_days) AS b (day)
                UNION ALL
                SELECT a.day FROM unnest(p_after.closed_days || p_after.opened_days) AS a (day)
            ) AS c
            WHERE c.day BETWEEN date '1700-01-01' AND date '2299-12-31'
            GROUP BY c.day
            HAVING count(*) = 1
            ORDER BY c.day);
    END IF;
    -- Weeks differ from one of their first days to the next; only there every day is looked at.
    RETURN ARRAY(
        SELECT d.day
        FROM (
            SELECT s.begins + k.k AS day
            FROM (
                SELECT f.day AS begins, lead(f.day, 1, date '2300-01-01') OVER (ORDER BY f.day) - 1 AS ends
                FROM (
                    SELECT date '1700-01-01' AS day
                    UNION
                    SELECT u.day FROM unnest(p_before.from_days || p_after.from_days) AS u (day)
                    WHERE u.day BETWEEN date '1700-01-01' AND date '2299-12-31'
                ) AS f
            ) AS s
            CROSS JOIN LATERAL generate_series(0, s.ends - s.begins) AS k (k)
            CROSS JOIN LATERAL (
                SELECT
                    7 * width_bucket(s.begins, p_before.from_days) AS before,
                    7 * width_bucket(s.begins, p_after.from_days) AS after
            ) AS w
            WHERE
                p_before.weeks[w.before + 1:w.before + 7] <> p_after.weeks[w.after + 1:w.after + 7]
            UNION
            SELECT u.day
            FROM unnest(
                p_before.closed_days || p_before.opened_days || p_after.closed_days || p_after.opened_days
            ) AS u (day)
            WHERE u.day BETWEEN date '1700-01-01' AND date '2299-12-31'
        ) AS d
        WHERE is_session_of(p_before, d.day) <> is_session_of(p_after, d.day)
        ORDER BY d.day);
END;
$$;
