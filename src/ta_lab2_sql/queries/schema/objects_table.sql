-- Which SQL files are installed, with what they made; its comment is the mark of their version.
CREATE TABLE IF NOT EXISTS ta_lab2_objects (
    path text PRIMARY KEY,
    sha256 text NOT NULL,
    position int NOT NULL,
    objects text[] NOT NULL,
    applied_at timestamptz NOT NULL
);
