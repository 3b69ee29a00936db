-- A file has just been applied; what it made is found when all have been.
INSERT INTO ta_lab2_objects (path, sha256, position, objects, applied_at)
VALUES ({path}, {sha256}, {position}, '{{}}', now())
ON CONFLICT (path) DO UPDATE SET sha256 = excluded.sha256, position = excluded.position, applied_at = now();
