-- The day of a text in a format that an option names.
INSERT INTO price_texts (day_format, date, dmy, mdy, ymd, midnight)
VALUES (%(form)s, %(text)s, %(day)s, %(day)s, %(day)s, %(midnight)s)
