-- Assets of raw days that somebody inserted himself.
INSERT INTO assets (id) SELECT w.id FROM unnest(%(ids)s::int[]) AS w (id) ON CONFLICT (id) DO NOTHING
