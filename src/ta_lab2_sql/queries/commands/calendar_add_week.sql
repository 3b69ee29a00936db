-- The first or a further week of a calendar.
INSERT INTO calendar_weeks AS w (calendar, from_day, weekmask)
VALUES (%(calendar)s, %(from_day)s, %(weekmask)s)
ON CONFLICT (calendar, from_day) DO UPDATE SET weekmask = excluded.weekmask
