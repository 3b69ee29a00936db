-- marks_held: up to which mark each reader of an asset has read: the one place that knows who reads.
-- Rows      one per row of the readers' states.
-- Rule      a mark is kept until all have read it. Another stage that reads days or bars is another arm.
-- Cost      the states.
CREATE OR REPLACE VIEW marks_held AS
SELECT s.id, s.marks_read FROM bars_state AS s
UNION ALL
SELECT p.id, p.marks_read FROM bars_pending AS p
UNION ALL
SELECT s.id, s.marks_read FROM emas_state AS s
UNION ALL
SELECT p.id, p.marks_read FROM emas_pending AS p;
