-- ema_marks: what EMAs read of the marks of an asset: closes of its days, and which days close bars.
-- Rows      one per mark that concerns them, of the days (output 1d) or a group of bars: changed_from: from
--           when on vectors may differ; hidden_from: from when on what is shown of them may.
-- Rule      a bar that only closed late leaves the vectors of its days as they are, but not what they are
--           called.
-- Cost      the marks, which are few.
CREATE OR REPLACE VIEW ema_marks AS
SELECT
    m.id,
    m.output,
    m.version,
    least(m.rows_from, m.close_from) AS changed_from,
    least(m.rows_from, m.close_from, m.closing_from) AS hidden_from
FROM marks AS m
WHERE least(m.rows_from, m.close_from, m.closing_from) IS NOT NULL;
