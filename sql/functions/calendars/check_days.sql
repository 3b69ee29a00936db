-- check_days: refuse a range of days that no row can have.
--   p_first, p_last   a range of days; NULL: no bound
-- Returns   nothing.
-- Errors    TA004 a day outside 1700-01-01 .. 2299-12-31, or p_first after p_last.   Cost  constant.
-- Rule      wider than the days of accepted rows, so that windows around them can be asked for.
CREATE OR REPLACE FUNCTION check_days(p_first date, p_last date)
RETURNS void
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$
BEGIN
    IF NOT coalesce(p_first, date '2000-01-01') BETWEEN date '1700-01-01' AND date '2299-12-31'
        OR NOT coalesce(p_last, date '2000-01-01') BETWEEN date '1700-01-01' AND date '2299-12-31' THEN
        RAISE EXCEPTION USING
            ERRCODE = 'TA004',
            MESSAGE = 'a day lies outside 1700-01-01 .. 2299-12-31',
            DETAIL = format('p_first %s, p_last %s', coalesce(p_first::text, 'NULL'),
                coalesce(p_last::text, 'NULL')),
            HINT = 'Give days of rows that an asset can have.';
    END IF;
    IF p_first > p_last THEN
        RAISE EXCEPTION USING
            ERRCODE = 'TA004',
            MESSAGE = format('p_first %s is after p_last %s', p_first, p_last),
            DETAIL = 'p_first is the first day of the range, p_last its last.',
            HINT = 'Exchange them.';
    END IF;
END;
$$;
