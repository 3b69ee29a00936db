-- bar_marks: what bars read of the marks of an asset: everything that changed in its validated days.
-- Rows      one per mark of the days: from when on bars may differ.
-- Cost      the marks, which are few.
CREATE OR REPLACE VIEW bar_marks AS
SELECT
    m.id,
    m.version,
    least(
        m.rows_from, m.open_from, m.high_from, m.low_from, m.close_from, m.volume_from, m.market_cap_from
    ) AS changed_from
FROM marks AS m
WHERE m.output = '1d';
