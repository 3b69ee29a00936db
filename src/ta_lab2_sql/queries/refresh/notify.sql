-- Tell listeners what changed.
SELECT pg_notify('ta_lab2', %(payload)s)
