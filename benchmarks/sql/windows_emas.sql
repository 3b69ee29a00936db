-- multi_tf EMAs of all periods, daily, with derivatives: a window aggregate over the closes of bars, previews by join.
WITH days AS (
    SELECT d.bar_seq AS r, d."timestamp" AS ts, d.close FROM cmc_price_bars_1d AS d WHERE d.id = {id}
),
frames AS (
    SELECT t.tf, t.tf_qty AS n FROM dim_timeframe AS t WHERE t.family = 'multi_tf'
),
closes AS (
    SELECT f.tf, f.n, d.r / f.n AS m, d.close
    FROM frames AS f INNER JOIN days AS d ON d.r % f.n = 0
),
seeds AS (
    SELECT c.tf, p.period, avg(c.close ORDER BY c.m) AS seed
    FROM closes AS c INNER JOIN dim_period AS p ON c.m <= p.period
    GROUP BY c.tf, p.period HAVING count(*) = p.period
),
at_closes AS MATERIALIZED (
    SELECT
        c.tf, p.period, c.m,
        {schema}.ema(CASE WHEN c.m = p.period THEN s.seed ELSE c.close END, 2.0::float8 / (p.period + 1)) OVER (
            PARTITION BY c.tf, p.period ORDER BY c.m) AS e
    FROM closes AS c
    INNER JOIN dim_period AS p ON c.m >= p.period
    INNER JOIN seeds AS s ON s.tf = c.tf AND s.period = p.period
),
daily AS (
    SELECT a.tf, a.period, f.n, d.r, d.ts, d.r % f.n <> 0 AS roll,
        CASE WHEN d.r % f.n = 0 THEN a.e ELSE 2.0::float8 / (a.period + 1) * d.close + (1 - 2.0::float8 / (a.period + 1)) * a.e END AS ema
    FROM frames AS f
    CROSS JOIN days AS d
    INNER JOIN at_closes AS a ON a.tf = f.tf AND a.m = d.r / f.n
),
first_differences AS (
    SELECT
        d.*,
        d.ema - lag(d.ema) OVER (PARTITION BY d.tf, d.period ORDER BY d.r) AS d1_roll,
        CASE WHEN NOT d.roll THEN d.ema - lag(d.ema, 1) OVER (PARTITION BY d.tf, d.period, d.roll ORDER BY d.r) END AS d1
    FROM daily AS d
)
SELECT
    {id} AS id, x.tf, x.ts, x.period, x.n AS tf_days, x.roll, x.ema, x.d1,
    CASE WHEN NOT x.roll THEN x.d1 - lag(x.d1) OVER (PARTITION BY x.tf, x.period, x.roll ORDER BY x.r) END AS d2,
    x.d1_roll, x.d1_roll - lag(x.d1_roll) OVER (PARTITION BY x.tf, x.period ORDER BY x.r) AS d2_roll
FROM first_differences AS x
