-- Some assets with validated days: how many of them don't fit now, and the calendar that fits far better, if
-- one does: of the stored ones and of those offered besides, or only of those among which to choose.
WITH offered AS MATERIALIZED (
    SELECT c.calendar, c.first_day, c.last_day, c.rank, a.clock
    FROM calendars AS c
    INNER JOIN calendars_applied AS a ON a.calendar = c.calendar
    UNION ALL
    SELECT
        f.calendar, f.first_day, f.last_day, f.rank,
        make_session_clock(w.from_days, w.masks, d.days, d.told)
    FROM unnest(
        %(names)s::text[], %(first_days)s::date[], %(last_days)s::date[], %(ranks)s::int[]
    ) AS f (calendar, first_day, last_day, rank)
    INNER JOIN (
        SELECT n.calendar, array_agg(n.from_day) AS from_days, array_agg(n.mask) AS masks
        FROM unnest(%(week_of)s::text[], %(week_from_days)s::date[], %(week_masks)s::text[])
            AS n (calendar, from_day, mask)
        GROUP BY n.calendar
    ) AS w ON w.calendar = f.calendar
    LEFT JOIN (
        SELECT e.calendar, array_agg(e.day ORDER BY e.day) AS days, array_agg(e.told ORDER BY e.day) AS told
        FROM unnest(%(day_of)s::text[], %(day_days)s::date[], %(day_told)s::boolean[])
            AS e (calendar, day, told)
        GROUP BY e.calendar
    ) AS d ON d.calendar = f.calendar
),

asset AS MATERIALIZED (
    SELECT d.id, array_agg(d.day ORDER BY d.bar_seq) AS days, min(d.day) AS first_day, max(d.day) AS last_day
    FROM cmc_price_bars_1d AS d
    WHERE d.id = ANY(%(ids)s::int[])
    GROUP BY d.id
),

laid AS MATERIALIZED (
    SELECT a.*, days_by_weekday(a.days) AS weekdays FROM asset AS a
),

now AS MATERIALIZED (
    SELECT l.*, k.symbol, k.calendar, mismatches_of(c.clock, l.days, l.weekdays) AS mismatches
    FROM laid AS l
    LEFT JOIN assets AS k ON k.id = l.id
    LEFT JOIN calendars_applied AS c ON c.calendar = k.calendar
),

fits AS MATERIALIZED (
    SELECT
        n.id, o.calendar, m.mismatches,
        row_number() OVER (PARTITION BY n.id ORDER BY m.mismatches, o.rank, o.calendar) AS place
    FROM now AS n
    INNER JOIN offered AS o
        ON coalesce(o.first_day, n.first_day) <= n.first_day
        AND coalesce(o.last_day, n.last_day) >= n.last_day
        AND (%(among)s::text[] IS NULL OR o.calendar = ANY(%(among)s::text[]))
    CROSS JOIN LATERAL (SELECT mismatches_of(o.clock, n.days, n.weekdays) AS mismatches) AS m
    WHERE fits_better(cardinality(n.days), n.mismatches, m.mismatches)
)

SELECT
    n.id,
    n.symbol,
    cardinality(n.days) AS days,
    n.calendar,
    n.mismatches,
    f.calendar AS suggested,
    f.mismatches AS left,
    ARRAY(
        SELECT t.calendar FROM fits AS t
        WHERE t.id = f.id AND t.mismatches = f.mismatches AND t.place > 1
        ORDER BY t.place
    ) AS ties
FROM now AS n
LEFT JOIN fits AS f ON f.id = n.id AND f.place = 1
ORDER BY n.id
