-- The sessions around the rows of a chart, as far as its bars may reach.
SELECT unnest(list_sessions(
    calendar_clock(%(calendar)s),
    greatest(%(first_day)s::date - 30 - 3 * %(before)s, date '1700-01-01'),
    least(%(last_day)s::date + 30 + 3 * %(after)s, date '2299-12-31')))
