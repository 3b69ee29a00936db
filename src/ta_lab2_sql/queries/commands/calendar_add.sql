-- A calendar that a person makes.
INSERT INTO calendars (calendar, tz, source) VALUES (%(calendar)s, resolve_tz(%(tz)s), 'by hand')
