-- Keep what is accepted of an asset; the same days again only get another note.
INSERT INTO accepted_findings AS a (id, "check", first_day, last_day, note)
VALUES (
    %(id)s, %(check)s, coalesce(%(first)s::date, '-infinity'), coalesce(%(last)s::date, 'infinity'), %(note)s)
ON CONFLICT (id, "check", first_day, last_day) DO UPDATE SET note = excluded.note
