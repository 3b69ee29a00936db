-- The order of the files as it is now.
UPDATE ta_lab2_objects AS o SET position = w.position
FROM unnest(%(paths)s::text[]) WITH ORDINALITY AS w (path, position)
WHERE o.path = w.path AND o.position <> w.position
