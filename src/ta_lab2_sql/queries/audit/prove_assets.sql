-- The asset among the twins, on the calendar that its stored bars were built with.
INSERT INTO assets (id, calendar)
SELECT s.id, min(s.calendar) FROM stored_bars_state AS s WHERE s.id = %(id)s GROUP BY s.id
