-- The EMAs of all periods, a row per day and a column per period.
SELECT a.id, t.tf, m.ts, m.roll, {values}
FROM unnest({ids}::int[]) AS a (id)
CROSS JOIN unnest({tfs}::text[]) AS t (tf)
CROSS JOIN LATERAL ema_matrix(
    {variant}, a.id, t.tf, {periods}::int[], {start}::timestamptz, {end}::timestamptz) AS m
ORDER BY a.id, t.tf COLLATE "C", m.ts
