-- Accept no longer what lies inside the days given; without days: nothing of this check.
DELETE FROM accepted_findings AS a
WHERE
    a.id = %(id)s AND a."check" = %(check)s
    AND a.first_day >= coalesce(%(first)s::date, '-infinity')
    AND a.last_day <= coalesce(%(last)s::date, 'infinity')
