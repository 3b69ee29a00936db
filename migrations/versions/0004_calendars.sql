-- Trading calendars are rows. An asset has one or none: then every day is a session.
CREATE TABLE calendars (
    calendar text PRIMARY KEY,
    tz text,
    first_day date,
    last_day date,
    source text,
    -- Which of several calendars with the same sessions is named first.
    rank int,
    CONSTRAINT calendar_name_is_1_to_64_printable_characters CHECK (
        calendar ~ '^[^[:space:][:cntrl:],@"'']{1,64}$' AND lower(calendar) NOT IN ('none', 'all')),
    CONSTRAINT days_known_are_a_range CHECK (
        isfinite(first_day) AND isfinite(last_day) AND first_day <= last_day)
);

-- From its day on, until the next one, a week says which weekdays are sessions.
CREATE TABLE calendar_weeks (
    calendar text NOT NULL REFERENCES calendars ON DELETE CASCADE,
    from_day date NOT NULL,
    weekmask text NOT NULL,
    open text,
    close text,
    PRIMARY KEY (calendar, from_day),
    CONSTRAINT from_day_is_a_day CHECK (isfinite(from_day)),
    CONSTRAINT weekmask_is_seven_of_0_and_1_not_all_0 CHECK (
        weekmask ~ '^[01]{7}$' AND weekmask <> '0000000')
);

CREATE TABLE calendar_exceptions (
    calendar text NOT NULL REFERENCES calendars ON DELETE CASCADE,
    day date NOT NULL,
    is_session boolean,
    open text,
    close text,
    note text,
    -- An import replaces the exceptions that imports made, not those that a person did.
    by_hand boolean DEFAULT true,
    PRIMARY KEY (calendar, day),
    CONSTRAINT day_is_a_day CHECK (isfinite(day))
);
-- What tells whether a calendar was edited is read from here alone.
CREATE INDEX calendar_exceptions_that_count ON calendar_exceptions (calendar, day) INCLUDE (is_session)
WHERE is_session IS NOT NULL;

-- A calendar as arithmetic: what session_number reads.
CREATE TYPE session_clock AS (
    from_days date[],
    weeks int[],
    offsets int[],
    closed_days date[],
    opened_days date[]
);

-- Kept in line and uncompressed, since it is read day by day.
CREATE TABLE calendars_applied (
    calendar text PRIMARY KEY,
    version int NOT NULL,
    clock session_clock NOT NULL,
    fingerprint bigint NOT NULL
) WITH (toast_tuple_target = 8160);
ALTER TABLE calendars_applied ALTER COLUMN clock SET STORAGE EXTERNAL;

-- The days that became sessions, or ceased to be, with a version.
CREATE TABLE calendar_changes (
    calendar text NOT NULL,
    version int NOT NULL,
    days date[] NOT NULL,
    PRIMARY KEY (calendar, version)
);
ALTER TABLE calendar_changes ALTER COLUMN days SET STORAGE EXTERNAL;

-- A calendar in use can't be deleted.
ALTER TABLE assets ADD CONSTRAINT calendar_is_one_of_calendars FOREIGN KEY (calendar) REFERENCES calendars;

-- What bars were built with. Readers count with the days that lay between the asset's first and last row
-- then: sessions without a row, and rows on no session. An asset without calendar has no such lists.
ALTER TABLE bars_state
    ADD COLUMN session_before date,
    ADD COLUMN missing_days date[],
    ADD COLUMN extra_days date[],
    ADD COLUMN calendar text,
    ADD COLUMN calendar_version int;
ALTER TABLE bars_state SET (toast_tuple_target = 8160);
ALTER TABLE bars_state ALTER COLUMN missing_days SET STORAGE EXTERNAL;
ALTER TABLE bars_state ALTER COLUMN extra_days SET STORAGE EXTERNAL;
