-- What a refresh would do: a row per stage, family, action and reason.
-- The last row, without a stage, is the whole: how many assets have something to do, and how many seconds
-- it takes by past runs of this database.
WITH todo AS MATERIALIZED (
    SELECT *, regexp_replace(reason, ' from [0-9-]+$', '') AS why FROM
\i refresh/rows
),
past AS (
    SELECT
        w.stage, w.action,
        sum(w.seconds) / nullif(sum(w.assets), 0) AS per_asset,
        sum(w.seconds) / nullif(sum(w.days), 0) AS per_day
    FROM (SELECT work FROM runs WHERE work IS NOT NULL ORDER BY run_id DESC LIMIT 50) AS r
    CROSS JOIN LATERAL jsonb_to_recordset(r.work)
        AS w (stage text, action text, assets bigint, days bigint, seconds float8)
    GROUP BY w.stage, w.action
),
per_asset AS (
    -- One call brings all families of a stage up to date: the strongest action decides how long it takes.
    SELECT
        t.id, t.stage, max(t.days) AS days,
        (array_agg(t.action ORDER BY action_rank(t.action)))[1] AS action
    FROM todo AS t
    GROUP BY t.id, t.stage
),
cost AS (
    SELECT
        count(DISTINCT a.id) AS assets,
        sum(CASE WHEN a.action = 'rebuild' THEN coalesce(a.days * p.per_day, p.per_asset)
            ELSE p.per_asset END) AS seconds,
        count(*) FILTER (WHERE p.per_asset IS NULL) AS unknown
    FROM per_asset AS a
    LEFT JOIN past AS p ON p.stage = a.stage AND p.action = a.action
)
SELECT * FROM (
    SELECT
        t.stage, t.family, t.action, t.why AS reason, count(*) AS assets, sum(t.new_days) AS new_days,
        min(t.dirty_from) AS first_day, NULL::float8 AS seconds,
        (array_agg(t.id ORDER BY t.id))[1:5] AS ids
    FROM todo AS t
    GROUP BY t.stage, t.family, t.action, t.why
    ORDER BY
        t.stage,
        (SELECT min(x.ordinal) FROM taxonomy() AS x
         WHERE CASE WHEN t.stage = 'bars' THEN x.family ELSE x.variant END = t.family) NULLS FIRST,
        count(*) DESC, t.action, t.why
) AS why
UNION ALL
SELECT
    NULL, NULL, NULL, NULL, c.assets, NULL, NULL, CASE WHEN c.unknown = 0 THEN c.seconds END, NULL
FROM cost AS c
