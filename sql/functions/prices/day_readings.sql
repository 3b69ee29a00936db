-- day_readings: the days that a text may mean, by the order of its parts.
--   p_text     what stands in the file: 2024-01-31, 31.1.2024, Jan 31, 2024, 1706659200000, ..
--   p_months   names of months in lower case without their final point, and their numbers
-- Returns   dmy, mdy, ymd: the day in each order, NULL where it is none (all equal where the text leaves no
--           choice); short: six digits as yymmdd; clock: the time within the day as written, with its
--           offset, NULL when there is none; midnight: the text names no other time than the day's
--           beginning.
-- Errors    none.   Cost  tens of microseconds; ask once for each text.
-- Rule      a four-digit year at the front is followed by the month; an offset or zone doesn't move the day:
--           it is the one that its own clock shows. Counts since 1970 are UTC. Eight digits that are a date
--           are one, with the year in front or behind; 20240230 is neither a date nor a count.
CREATE OR REPLACE FUNCTION day_readings(
    p_text text, p_months jsonb,
    OUT dmy date, OUT mdy date, OUT ymd date, OUT short date, OUT clock text,
    OUT midnight boolean)
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path FROM CURRENT
AS $$
DECLARE
    -- Spreadsheets put an apostrophe before a day that they are to leave alone.
    v_text text := btrim(ltrim(replace(p_text, chr(160), ' '), ''''));
    v_parts text[];
    v_month int;
BEGIN
    midnight := true;
    IF v_text ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}$' THEN
        ymd := day_on(left(v_text, 4), substr(v_text, 6, 2)::int, right(v_text, 2)::int);
        dmy := ymd;
        mdy := ymd;
        RETURN;
    END IF;
    IF v_text ~ '[年년eE]|^1[0-9]{2}[-/.]|^[0-9]{4}[-/.] |:[0-9]{2} ([A-Z]{3,4} )?[0-9]{4}$' THEN
        v_text := usual_day_text(v_text);
    END IF;
    IF v_text ~ '^[0-9]{8,19}(\.[0-9]*)?$' THEN
        SELECT r.dmy, r.mdy, r.ymd, r.clock, r.midnight INTO dmy, mdy, ymd, clock, midnight
        FROM digit_readings(v_text) AS r;
        RETURN;
    END IF;
    IF v_text ~ '^[0-9]{6}$' THEN
        short := day_on(left(v_text, 2), substr(v_text, 3, 2)::int, right(v_text, 2)::int);
        RETURN;
    END IF;
    -- The clock: hours and minutes at least, then an offset or the name of a zone.
    v_parts := regexp_match(v_text,
        '^(.*?[0-9.])(?:[T ,:]+)([0-2]?[0-9]:[0-5][0-9](?::[0-6][0-9](?:[.,][0-9]+)?)?(?: *[AaPp]\.?[Mm]\.?)?'
        '|[0-9]{6}(?=Z|$))'
        ' *(Z|[A-Z]{3,4}|(?:UTC|GMT)? *[+-][0-9]{1,2}(?::?[0-9]{2})?)?(?: *\([^)]*\))?$');
    IF v_parts IS NOT NULL THEN
        IF split_part(v_parts[2], ':', 1)::int > 23 AND v_parts[2] !~ '^24:00(:00)?$'
            AND v_parts[2] !~ '^[0-9]{6}$'
        THEN
            RETURN;
        END IF;
        v_text := v_parts[1];
        clock := concat(v_parts[2], v_parts[3]);
        midnight := v_parts[2] ~* '^(0?0:00(:00([.,]0+)?)?( *a\.?m\.?)?|12:00(:00)? *a\.?m\.?|000000)$';
    END IF;
    -- A weekday in front says nothing.
    v_parts := regexp_match(v_text, '^([[:alpha:]]{2,12})\.?,? +(.+)$');
    IF NOT p_months ? lower(v_parts[1]) THEN
        v_text := v_parts[2];
    END IF;
    v_parts := regexp_match(v_text, '^([0-9]{4})([-/. ]?)([0-9]{1,2})\2([0-9]{1,2})[.T]?$');
    IF v_parts IS NOT NULL AND (v_parts[2] <> '' OR length(v_text) = 8) THEN
        ymd := day_on(v_parts[1], v_parts[3]::int, v_parts[4]::int);
        dmy := ymd;
        mdy := ymd;
        RETURN;
    END IF;
    v_parts := regexp_match(v_text, '^([0-9]{1,2})([-/. ])([0-9]{1,2})\2([0-9]{4}|[0-9]{2})\.?$');
    IF v_parts IS NOT NULL THEN
        dmy := day_on(v_parts[4], v_parts[3]::int, v_parts[1]::int);
        mdy := day_on(v_parts[4], v_parts[1]::int, v_parts[3]::int);
        IF length(v_parts[4]) = 2 THEN
            ymd := day_on(v_parts[1], v_parts[3]::int, v_parts[4]::int);
        END IF;
        RETURN;
    END IF;
    -- A month by its name: first with the day behind it, then in the middle of day and year or year and day.
    v_parts := regexp_match(v_text,
        '^([[:alpha:]]{3,})\.?[- ]*([0-9]{1,2})(?:st|nd|rd|th)?(?:,?[- ]*([0-9]{4})|,?[- ]+([0-9]{2}))$');
    IF v_parts IS NOT NULL THEN
        v_parts := ARRAY[coalesce(v_parts[3], v_parts[4]), v_parts[1], v_parts[2]];
    ELSE
        v_parts := regexp_match(v_text,
            '^([0-9]{1,2})(?:st|nd|rd|th|\.|º|er)?[-/ ]*(?:de )?([[:alpha:]]{3,})\.?,?[-/ ]*(?:de )?'
            '([0-9]{4}|[0-9]{2})$');
        IF v_parts IS NOT NULL THEN
            v_parts := ARRAY[v_parts[3], v_parts[2], v_parts[1]];
        ELSE
            v_parts := regexp_match(v_text, '^([0-9]{4})[-/ ]([[:alpha:]]{3,})\.?[-/ ]([0-9]{1,2})$');
        END IF;
    END IF;
    v_month := (p_months ->> lower(v_parts[2]))::int;
    IF v_month IS NOT NULL THEN
        dmy := day_on(v_parts[1], v_month, v_parts[3]::int);
        mdy := dmy;
        ymd := dmy;
    END IF;
END;
$$;
