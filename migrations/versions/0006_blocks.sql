-- What the days of a block of 64 hold, as arrays over them, so that a read of many days computes at once what
-- it shows of them. Facts of the rows only: nothing of bars, of calendars or of what is expected.
CREATE TABLE day_blocks (
    id int NOT NULL,
    block int NOT NULL,
    -- The closes of the two days before too, where there are any.
    closes float8[] NOT NULL,
    highs float8[] NOT NULL,
    lows float8[] NOT NULL,
    times_high timestamptz[] NOT NULL,
    times_low timestamptz[] NOT NULL,
    volumes float8[] NOT NULL,
    days date[] NOT NULL,
    -- The newest date before each day that has no row, -infinity: none. NULL: none so far.
    gap_days date[],
    -- The newest row up to each day whose market cap is known, 0: none. NULL: each day's own, or none ever.
    cap_rows int[],
    -- Where the block stands: as stored columns, since a read asks them for every day.
    row_before int NOT NULL GENERATED ALWAYS AS (64 * block) STORED,
    close_before int NOT NULL GENERATED ALWAYS AS (greatest(64 * block - 2, 0)) STORED,
    last_row int NOT NULL GENERATED ALWAYS AS (64 * block + 64) STORED,
    part int NOT NULL GENERATED ALWAYS AS (block / 16) STORED,
    slot int NOT NULL GENERATED ALWAYS AS (block % 16 + 1) STORED,
    span int NOT NULL GENERATED ALWAYS AS (days[cardinality(days)] - days[1]) STORED,
    PRIMARY KEY (id, block)
);
-- A block is bounded and read whole.
ALTER TABLE day_blocks
    ALTER closes SET STORAGE PLAIN, ALTER highs SET STORAGE PLAIN, ALTER lows SET STORAGE PLAIN,
    ALTER times_high SET STORAGE PLAIN, ALTER times_low SET STORAGE PLAIN, ALTER volumes SET STORAGE PLAIN,
    ALTER days SET STORAGE PLAIN, ALTER gap_days SET STORAGE PLAIN, ALTER cap_rows SET STORAGE PLAIN;

-- The bar of each timeframe as it stood on the first day of each block, so that a read of the block needs no
-- day before it. An element per block, 16 blocks a row.
CREATE TABLE bar_blocks (
    id int NOT NULL,
    tf text NOT NULL,
    part int NOT NULL,
    bar_seqs int[] NOT NULL,
    first_days date[] NOT NULL,
    highs float8[] NOT NULL,
    lows float8[] NOT NULL,
    times_high timestamptz[] NOT NULL,
    times_low timestamptz[] NOT NULL,
    volumes float8[] NOT NULL,
    PRIMARY KEY (id, tf, part)
);
ALTER TABLE bar_blocks
    ALTER bar_seqs SET STORAGE PLAIN, ALTER first_days SET STORAGE PLAIN, ALTER highs SET STORAGE PLAIN,
    ALTER lows SET STORAGE PLAIN, ALTER times_high SET STORAGE PLAIN, ALTER times_low SET STORAGE PLAIN,
    ALTER volumes SET STORAGE PLAIN;

-- The days of a block, by themselves or within a range of time, without a look at the table.
CREATE INDEX cmc_price_bars_1d_block ON cmc_price_bars_1d (id, block, "timestamp") INCLUDE (bar_seq, day);

INSERT INTO day_blocks (
    id, block, closes, highs, lows, times_high, times_low, volumes, days, gap_days, cap_rows)
SELECT
    n.id, n.block,
    (
        SELECT array_agg(y.close ORDER BY y.bar_seq) FROM cmc_price_bars_1d AS y
        WHERE y.id = n.id AND y.bar_seq BETWEEN 64 * n.block - 1 AND 64 * n.block + 64
    ),
    array_agg(n.high ORDER BY n.bar_seq), array_agg(n.low ORDER BY n.bar_seq),
    array_agg(n.time_high ORDER BY n.bar_seq), array_agg(n.time_low ORDER BY n.bar_seq),
    array_agg(n.volume ORDER BY n.bar_seq), array_agg(n.day ORDER BY n.bar_seq),
    CASE WHEN max(n.gap) > '-infinity' THEN array_agg(n.gap ORDER BY n.bar_seq) END,
    CASE WHEN max(n.cap) > 0 AND bool_or(n.cap < n.bar_seq) THEN array_agg(n.cap ORDER BY n.bar_seq) END
FROM (
    SELECT
        g.*, coalesce(max(g.gap_here) OVER w, '-infinity') AS gap,
        coalesce(max(g.cap_here) OVER w, 0) AS cap
    FROM (
        SELECT
            d.*,
            CASE WHEN d.day > lag(d.day) OVER (PARTITION BY d.id ORDER BY d.bar_seq) + 1 THEN d.day - 1 END
                AS gap_here,
            CASE WHEN d.market_cap IS NOT NULL THEN d.bar_seq END AS cap_here
        FROM cmc_price_bars_1d AS d
    ) AS g
    WINDOW w AS (PARTITION BY g.id ORDER BY g.bar_seq ROWS UNBOUNDED PRECEDING)
) AS n
GROUP BY n.id, n.block;

DO $$
DECLARE
    v_id int;
BEGIN
    FOR v_id IN SELECT DISTINCT s.id FROM bars_state AS s ORDER BY s.id LOOP
        INSERT INTO bar_blocks (
            id, tf, part, bar_seqs, first_days, highs, lows, times_high, times_low, volumes)
        WITH targets AS MATERIALIZED (
            SELECT b.tf, b.bar_seq, b.first_row, x.block
            FROM bars AS b
            CROSS JOIN LATERAL generate_series((b.first_row + 62) / 64, (b.last_row - 1) / 64) AS x (block)
            WHERE b.id = v_id
        ),
        days AS MATERIALIZED (
            SELECT
                d.bar_seq AS row_no, (d.bar_seq + 62) / 64 AS step, d.day, d.high, d.low, d.time_high,
                d.time_low, d.volume,
                row_number() OVER (ORDER BY d.high, d.time_high DESC) AS high_place,
                row_number() OVER (ORDER BY d.low DESC, d.time_low DESC) AS low_place
            FROM cmc_price_bars_1d AS d WHERE d.id = v_id
        ),
        rests AS MATERIALIZED (
            SELECT d.row_no, max(d.high_place) OVER w AS high_place, max(d.low_place) OVER w AS low_place
            FROM days AS d
            WINDOW w AS (PARTITION BY d.step ORDER BY d.row_no DESC ROWS UNBOUNDED PRECEDING)
        ),
        places AS MATERIALIZED (
            SELECT
                t.*, max(e.high_place) OVER w AS high_place, max(e.low_place) OVER w AS low_place
            FROM targets AS t
            INNER JOIN rests AS e ON e.row_no = greatest(t.first_row, 64 * t.block - 62)
            WINDOW w AS (PARTITION BY t.tf, t.bar_seq ORDER BY t.block ROWS UNBOUNDED PRECEDING)
        ),
        sums AS MATERIALIZED (
            SELECT s.first_row, s.row_no, s.volume
            FROM (
                SELECT
                    f.first_row, d.row_no,
                    sum(d.volume) OVER (PARTITION BY f.first_row ORDER BY d.row_no ROWS UNBOUNDED PRECEDING)
                        AS volume
                FROM (SELECT t.first_row, max(t.block) AS block FROM targets AS t GROUP BY t.first_row) AS f
                INNER JOIN days AS d ON d.row_no BETWEEN f.first_row AND 64 * f.block + 1
            ) AS s
            WHERE s.row_no % 64 = 1
        ),
        states AS MATERIALIZED (
            SELECT
                p.tf, p.block, p.bar_seq, f.day AS first_day, h.high, l.low, h.time_high, l.time_low, s.volume
            FROM places AS p
            INNER JOIN days AS h ON h.high_place = p.high_place
            INNER JOIN days AS l ON l.low_place = p.low_place
            INNER JOIN days AS f ON f.row_no = p.first_row
            INNER JOIN sums AS s ON s.first_row = p.first_row AND s.row_no = 64 * p.block + 1
        )
        SELECT
            v_id, g.tf, k.part,
            array_agg(t.bar_seq ORDER BY k.block), array_agg(t.first_day ORDER BY k.block),
            array_agg(t.high ORDER BY k.block), array_agg(t.low ORDER BY k.block),
            array_agg(t.time_high ORDER BY k.block), array_agg(t.time_low ORDER BY k.block),
            array_agg(t.volume ORDER BY k.block)
        FROM (
            SELECT f.tf FROM bars_state AS s CROSS JOIN LATERAL unnest(s.tfs) AS f (tf) WHERE s.id = v_id
        ) AS g
        INNER JOIN day_blocks AS k ON k.id = v_id
        LEFT JOIN states AS t ON t.tf = g.tf AND t.block = k.block
        GROUP BY g.tf, k.part;
    END LOOP;

    -- What the planner may assume of tables that nobody has analysed yet, as for those of the first release.
    IF current_setting('server_version_num')::int >= 180000 THEN
        PERFORM pg_restore_attribute_stats(
            'schemaname', current_schema()::text, 'relname', c.relation, 'attname', c.name,
            'inherited', false, 'null_frac', 0::real, 'avg_width', 8, 'n_distinct', c.n_distinct::real)
        FROM (VALUES
            ('day_blocks', 'id', 10), ('day_blocks', 'block', 90), ('bar_blocks', 'id', 10),
            ('bar_blocks', 'tf', 150), ('bar_blocks', 'part', 6)
        ) AS c (relation, name, n_distinct);
    END IF;
END;
$$;
