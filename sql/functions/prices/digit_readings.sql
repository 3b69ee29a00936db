-- digit_readings: the days that a number in a file may mean.
--   p_text   eight to nineteen digits, with a fraction or without
-- Returns   dmy, mdy, ymd, clock, midnight as day_readings does; all NULL but midnight where it is no day.
-- Errors    none.   Cost  microseconds.
-- Rule      eight digits are a day with the year in front, else with the year behind it: as a count they
--           would be of 1970. Counts since 1970 are UTC.
CREATE OR REPLACE FUNCTION digit_readings(
    p_text text, OUT dmy date, OUT mdy date, OUT ymd date, OUT clock text, OUT midnight boolean)
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path FROM CURRENT
AS $$
BEGIN
    midnight := true;
    IF p_text ~ '^[0-9]{8}(\.0*)?$' THEN
        ymd := day_on(left(p_text, 4), substr(p_text, 5, 2)::int, substr(p_text, 7, 2)::int);
        IF ymd IS NULL AND substr(p_text, 5, 2) IN ('19', '20', '21') THEN
            dmy := day_on(substr(p_text, 5, 4), substr(p_text, 3, 2)::int, left(p_text, 2)::int);
            mdy := day_on(substr(p_text, 5, 4), left(p_text, 2)::int, substr(p_text, 3, 2)::int);
            IF dmy IS NOT NULL OR mdy IS NOT NULL THEN
                RETURN;
            END IF;
        END IF;
    END IF;
    IF ymd IS NULL AND p_text !~ '^(19|20|21)[0-9]{6}(\.|$)' THEN
        ymd := day_of_epoch(p_text::numeric);
        -- The place within the day: rows of one day at different times can be told apart.
        clock := p_text;
        midnight := p_text::numeric IN (
            (ymd - DATE '1970-01-01') * 86400e0, (ymd - DATE '1970-01-01') * 86400e3,
            (ymd - DATE '1970-01-01') * 86400e6, (ymd - DATE '1970-01-01') * 86400e9);
    END IF;
    dmy := ymd;
    mdy := ymd;
END;
$$;
