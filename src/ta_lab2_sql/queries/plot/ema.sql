-- One EMA, daily: canonical values where a bar closed, previews elsewhere.
SELECT ts, ema, roll
FROM ema_series(%(variant)s, %(id)s, %(tf)s, %(period)s, %(start)s::timestamptz, %(end)s::timestamptz)
ORDER BY ts
