-- Queries as people write them: a series, the newest, a range, a day over all assets, a day of everything,
-- joins, crossovers, counts, and what dashboards and notebooks make of them. Each is asked of a relation and of
-- a long table with the same rows and the usual key.

-- emas: series
SELECT * FROM {relation} WHERE id = 1 AND tf = '{tf}' AND period = 21;

-- emas: series ordered
SELECT ts, ema FROM {relation} WHERE id = 1 AND tf = '{tf}' AND period = 21 ORDER BY ts;

-- emas: newest one
SELECT * FROM {relation} WHERE id = 1 AND tf = '{tf}' AND period = 21 ORDER BY ts DESC LIMIT 1;

-- emas: newest 30
SELECT * FROM {relation} WHERE id = 1 AND tf = '{tf}' AND period = 21 ORDER BY ts DESC LIMIT 30;

-- emas: max(ts)
SELECT max(ts) FROM {relation} WHERE id = 1 AND tf = '{tf}' AND period = 21;

-- emas: max(ts) of asset
SELECT max(ts) FROM {relation} WHERE id = 1;

-- emas: range 90 days
SELECT * FROM {relation} WHERE id = 1 AND tf = '{tf}' AND period = 21 AND ts >= {day} - interval
    '90 days' AND ts < {day};

-- emas: three ids
SELECT * FROM {relation} WHERE id IN (1, 2, 3) AND tf = '{tf}' AND period = 21;

-- emas: three periods
SELECT * FROM {relation} WHERE id = 1 AND tf = '{tf}' AND period IN (9, 21, 50);

-- emas: all periods
SELECT * FROM {relation} WHERE id = 1 AND tf = '{tf}';

-- emas: three tfs
SELECT * FROM {relation} WHERE id = 1 AND tf IN ('{tf}', '{tf2}', '{tf3}') AND period = 21;

-- emas: canonical only
SELECT ts, ema FROM {relation} WHERE id = 1 AND tf = '{tf}' AND period = 21 AND NOT roll;

-- emas: one day, all assets
SELECT * FROM {relation} WHERE tf = '{tf}' AND period = 21 AND ts = {day};

-- emas: one day, one asset, everything
SELECT * FROM {relation} WHERE id = 1 AND ts = {day};

-- emas: one day by date cast
SELECT * FROM {relation} WHERE id = 1 AND tf = '{tf}' AND period = 21 AND ts::date = ({day})::date;

-- emas: 30 days, all assets
SELECT * FROM {relation} WHERE tf = '{tf}' AND period = 21 AND ts > {day} - interval '30 days';

-- emas: newest per asset (distinct on)
SELECT DISTINCT ON (id) id, ts, ema FROM {relation} WHERE tf = '{tf}' AND period = 21 ORDER BY id, ts
    DESC;

-- emas: newest per asset (lateral)
SELECT a.id, e.* FROM (SELECT DISTINCT id FROM cmc_price_bars_1d_state) a CROSS JOIN LATERAL (SELECT ts,
    ema FROM {relation} v WHERE v.id = a.id AND v.tf = '{tf}' AND v.period = 21 ORDER BY ts DESC LIMIT
    1) e;

-- emas: newest per asset (max join)
SELECT e.id, e.ts, e.ema FROM {relation} e JOIN (SELECT id, max("timestamp") AS ts FROM
    cmc_price_bars_1d GROUP BY id) m ON m.id = e.id AND m.ts = e.ts WHERE e.tf = '{tf}' AND e.period =
    21;

-- emas: crossover (self join)
SELECT f.ts, f.ema, s.ema FROM {relation} f JOIN {relation} s ON s.id = f.id AND s.tf = f.tf AND s.ts =
    f.ts WHERE f.id = 1 AND f.tf = '{tf}' AND f.period = 9 AND s.period = 21;

-- emas: crossover (filter pivot)
SELECT ts, max(ema) FILTER (WHERE period = 9), max(ema) FILTER (WHERE period = 21) FROM {relation} WHERE
    id = 1 AND tf = '{tf}' AND period IN (9, 21) GROUP BY ts ORDER BY ts;

-- emas: join with closes
SELECT d."timestamp", d.close, e.ema FROM cmc_price_bars_1d d JOIN {relation} e ON e.id = d.id AND e.ts
    = d."timestamp" WHERE d.id = 1 AND e.tf = '{tf}' AND e.period = 21;

-- emas: join with closes, 30 days
SELECT d."timestamp", d.close, e.ema FROM cmc_price_bars_1d d LEFT JOIN {relation} e ON e.id = d.id AND
    e.ts = d."timestamp" AND e.tf = '{tf}' AND e.period = 21 WHERE d.id = 1 AND d."timestamp" > {day} -
    interval '30 days';

-- emas: close above ema, newest, all assets
SELECT d.id FROM cmc_price_bars_1d d JOIN {relation} e ON e.id = d.id AND e.ts = d."timestamp" WHERE
    d."timestamp" = {day} AND e.tf = '{tf}' AND e.period = 21 AND d.close > e.ema;

-- emas: lag in a window
SELECT ts, ema - lag(ema) OVER (PARTITION BY id ORDER BY ts) FROM {relation} WHERE id = 1 AND tf =
    '{tf}' AND period = 21;

-- emas: by month
SELECT date_trunc('month', ts), avg(ema)::numeric(30, 6) FROM {relation} WHERE id = 1 AND tf = '{tf}'
    AND period = 21 GROUP BY 1;

-- emas: catalogue join
SELECT e.* FROM {relation} e JOIN dim_timeframe t USING (tf) WHERE e.id = 1 AND t.tf_days_nominal
    BETWEEN 7 AND 31 AND e.period = 21 AND e.ts > {day} - interval '30 days';

-- emas: count of an asset
SELECT count(*) FROM {relation} WHERE id = 1;

-- emas: count per tf
SELECT tf, count(*) FROM {relation} WHERE id = 1 GROUP BY tf;

-- emas: two timeframes
SELECT f.ts, f.ema, s.ema FROM {relation} f JOIN {relation} s USING (id, ts, period) WHERE f.id = 1 AND
    f.tf = '{tf}' AND s.tf = '{tf2}' AND f.period = 9;

-- emas: arrays, 90 days
SELECT * FROM {relation} WHERE id = ANY('{{1,2,3}}') AND tf = ANY('{{{tf},{tf2}}}') AND period =
    ANY('{{9,21}}') AND ts > {day} - interval '90 days';

-- emas: a year by its number
SELECT * FROM {relation} WHERE id = 1 AND tf = '{tf}' AND period = 21 AND extract(year FROM ts) =
    extract(year FROM {day});

-- emas: as of each week (lateral)
SELECT w.day, e.* FROM generate_series({day} - interval '90 days', {day}, '7 days') AS w (day) CROSS JOIN
    LATERAL (SELECT ts, ema FROM {relation} WHERE id = 1 AND tf = '{tf}' AND period = 21 AND ts <= w.day
    ORDER BY ts DESC LIMIT 1) e;

-- emas: days above it (exists)
SELECT d."timestamp" FROM cmc_price_bars_1d d WHERE d.id = 1 AND EXISTS (SELECT 1 FROM {relation} e WHERE
    e.id = d.id AND e.ts = d."timestamp" AND e.tf = '{tf}' AND e.period = 21 AND e.ema < d.close);

-- emas: days without it (not in)
SELECT d."timestamp" FROM cmc_price_bars_1d d WHERE d.id = 1 AND d."timestamp" NOT IN (SELECT ts FROM
    {relation} WHERE id = 1 AND tf = '{tf}' AND period = 21);

-- emas: highest five
SELECT * FROM {relation} WHERE id = 1 AND tf = '{tf}' AND period = 21 ORDER BY ema DESC LIMIT 5;

-- emas: median
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY ema) FROM {relation} WHERE id = 1 AND tf = '{tf}' AND
    period = 21;

-- emas: number of timeframes
SELECT count(DISTINCT tf) FROM {relation} WHERE id = 1;

-- emas: highest per timeframe
SELECT tf, max(ema) FROM {relation} WHERE id = 1 GROUP BY tf;

-- emas: limit without order
SELECT * FROM {relation} LIMIT 10;

-- emas: ema greater than
SELECT count(*) FROM {relation} WHERE id = 1 AND tf = '{tf}' AND period = 21 AND ema > 50000;

-- bars: series
SELECT * FROM {relation} WHERE id = 1 AND tf = '{tf}';

-- bars: closed bars
SELECT * FROM {relation} WHERE id = 1 AND tf = '{tf}' AND NOT is_partial_end;

-- bars: newest one
SELECT * FROM {relation} WHERE id = 1 AND tf = '{tf}' ORDER BY time_close DESC LIMIT 1;

-- bars: newest by timestamp
SELECT * FROM {relation} WHERE id = 1 AND tf = '{tf}' ORDER BY "timestamp" DESC LIMIT 1;

-- bars: newest 30
SELECT * FROM {relation} WHERE id = 1 AND tf = '{tf}' ORDER BY time_close DESC LIMIT 30;

-- bars: max(time_close)
SELECT max(time_close) FROM {relation} WHERE id = 1 AND tf = '{tf}';

-- bars: max(bar_seq)
SELECT max(bar_seq) FROM {relation} WHERE id = 1 AND tf = '{tf}';

-- bars: one bar
SELECT * FROM {relation} WHERE id = 1 AND tf = '{tf}' AND bar_seq = 20;

-- bars: range 90 days
SELECT * FROM {relation} WHERE id = 1 AND tf = '{tf}' AND time_close >= {day} - interval '90 days' AND
    time_close < {day};

-- bars: three ids
SELECT * FROM {relation} WHERE id IN (1, 2, 3) AND tf = '{tf}';

-- bars: three tfs
SELECT * FROM {relation} WHERE id = 1 AND tf IN ('{tf}', '{tf2}', '{tf3}');

-- bars: one day, all assets
SELECT * FROM {relation} WHERE tf = '{tf}' AND time_close = {day};

-- bars: one day, one asset, everything
SELECT * FROM {relation} WHERE id = 1 AND time_close = {day};

-- bars: 30 days, all assets
SELECT * FROM {relation} WHERE tf = '{tf}' AND time_close > {day} - interval '30 days';

-- bars: newest per asset (distinct on)
SELECT DISTINCT ON (id) * FROM {relation} WHERE tf = '{tf}' ORDER BY id, time_close DESC;

-- bars: newest per asset (lateral)
SELECT a.id, e.* FROM (SELECT DISTINCT id FROM cmc_price_bars_1d_state) a CROSS JOIN LATERAL (SELECT
    time_close, close FROM {relation} v WHERE v.id = a.id AND v.tf = '{tf}' ORDER BY time_close DESC
    LIMIT 1) e;

-- bars: join with days
SELECT d.close, b.high FROM cmc_price_bars_1d d JOIN {relation} b ON b.id = d.id AND b.time_close =
    d."timestamp" WHERE d.id = 1 AND b.tf = '{tf}';

-- bars: last per bar (distinct on)
SELECT DISTINCT ON (bar_seq) * FROM {relation} WHERE id = 1 AND tf = '{tf}' ORDER BY bar_seq, time_close
    DESC;

-- bars: missing days
SELECT tf, count(*) FROM {relation} WHERE id = 3 AND is_missing_days GROUP BY tf;

-- bars: count of an asset
SELECT count(*) FROM {relation} WHERE id = 1;

-- bars: two timeframes
SELECT f.time_close, f.close, s.high FROM {relation} f JOIN {relation} s USING (id, time_close) WHERE
    f.id = 1 AND f.tf = '{tf}' AND s.tf = '{tf2}';

-- bars: arrays, 90 days
SELECT * FROM {relation} WHERE id = ANY('{{1,2,3}}') AND tf = ANY('{{{tf},{tf2}}}') AND time_close >
    {day} - interval '90 days';

-- bars: a year by its number
SELECT * FROM {relation} WHERE id = 1 AND tf = '{tf}' AND extract(year FROM time_close) =
    extract(year FROM {day});

-- bars: as of each week (lateral)
SELECT w.day, b.* FROM generate_series({day} - interval '90 days', {day}, '7 days') AS w (day) CROSS JOIN
    LATERAL (SELECT time_close, high FROM {relation} WHERE id = 1 AND tf = '{tf}' AND time_close <= w.day
    ORDER BY time_close DESC LIMIT 1) b;

-- bars: newest by row number
SELECT * FROM (SELECT *, row_number() OVER (PARTITION BY id ORDER BY time_close DESC) AS n FROM
    {relation} WHERE tf = '{tf}' AND time_close > {day}) b WHERE n = 1;

-- bars: three bars
SELECT * FROM {relation} WHERE id = 1 AND tf = '{tf}' AND bar_seq BETWEEN 10 AND 12;

-- bars: returns of closed bars
SELECT bar_seq, close / lag(close) OVER (ORDER BY bar_seq) - 1 FROM {relation} WHERE id = 1 AND tf =
    '{tf}' AND NOT is_partial_end;

-- bars: closed bars of an asset
SELECT * FROM {relation} WHERE id = 1 AND NOT is_partial_end;

-- bars: first days
SELECT * FROM {relation} WHERE id = 1 AND tf = '{tf}' AND pos_in_bar = 1;

-- bars: highest per bar
SELECT bar_seq, max(high), min(low) FROM {relation} WHERE id = 1 AND tf = '{tf}' GROUP BY bar_seq;

-- bars: limit without order
SELECT * FROM {relation} LIMIT 10;

-- union: series, source named
SELECT ts, ema FROM {relation} WHERE alignment_source = 'multi_tf' AND id = 1 AND tf = '7D' AND period =
    21;

-- union: series, source not named
SELECT ts, ema FROM {relation} WHERE id = 1 AND tf = '7D' AND period = 21;

-- union: calendar series, source not named
SELECT alignment_source, ts, ema FROM {relation} WHERE id = 1 AND tf = '1W_CAL_ISO' AND period = 21;

-- union: one day, one asset, everything
SELECT alignment_source, tf, period, ema FROM {relation} WHERE id = 1 AND ts = {day};

-- union: newest one
SELECT ts, ema FROM {relation} WHERE id = 1 AND tf = '7D' AND period = 21 AND alignment_source =
    'multi_tf_v2' ORDER BY ts DESC LIMIT 1;
