-- raise_duplicate_day: the error of two accepted days that fall on one local day.
--   p_id, p_tz, p_day  asset, its zone, the day
--   p_one, p_other     "timestamp" of the two rows
-- Errors    always TA010.
-- Rule      a bar of several days needs at most one row a local day; the last good bars stay readable.
CREATE OR REPLACE FUNCTION raise_duplicate_day(
    p_id int, p_tz text, p_day date, p_one timestamptz, p_other timestamptz)
RETURNS void
LANGUAGE plpgsql STABLE
AS $$
BEGIN
    RAISE EXCEPTION USING
        ERRCODE = 'TA010',
        MESSAGE = format('asset %s has two days on %s in zone %s: %s and %s', p_id, p_day, p_tz,
            to_char(p_one AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.MS"Z"'),
            to_char(p_other AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.MS"Z"')),
        DETAIL = 'Bars of several days take one row a local day. East of UTC a day-end stamp belongs to the '
            'next day, and where clocks change one day a year gets two.',
        HINT = 'Delete one of the two rows, or use another zone, at or west of UTC: --tz UTC';
END;
$$;
