-- raise_days_disorder: the error of two accepted rows whose days don't follow each other.
--   p_id                    asset id
--   p_day_before, p_day     local days of a row and of the next one, which isn't later
--   p_stamp_before, p_stamp "timestamp" of the two rows
-- Returns   nothing.
-- Errors    always TA010.   Cost  an index probe.
-- Rule      a bar of several days needs at most one row a local day, and days that rise with the stamps; the
--           last good bars stay readable.
CREATE OR REPLACE FUNCTION raise_days_disorder(
    p_id int, p_day_before date, p_day date, p_stamp_before timestamptz, p_stamp timestamptz)
RETURNS void
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
DECLARE
    v_tz text := (SELECT a.tz FROM assets AS a WHERE a.id = p_id);
    v_one text := to_char(p_stamp_before AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.MS"Z"');
    v_other text := to_char(p_stamp AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.MS"Z"');
BEGIN
    v_tz := coalesce(v_tz, default_tz());
    RAISE EXCEPTION USING
        ERRCODE = 'TA010',
        MESSAGE = CASE
            WHEN p_day = p_day_before THEN format(
                'asset %s has two days on %s in zone %s: %s and %s', p_id, p_day, v_tz, v_one, v_other)
            ELSE format(
                'asset %s has days that run against their stamps in zone %s: %s of %s before %s of %s',
                p_id, v_tz, v_one, p_day_before, v_other, p_day)
        END,
        DETAIL = 'Bars of several days take one row a local day, in the order of the stamps. East of UTC a '
            'day-end stamp belongs to the next day, and where clocks change one day a year gets two.',
        HINT = 'Correct local_day, delete one of the two rows, or use another zone, at or west of UTC: '
            '--tz UTC';
END;
$$;
