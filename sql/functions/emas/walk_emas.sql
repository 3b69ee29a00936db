-- walk_emas: carry the EMAs of all periods of one timeframe over its days and bars in one pass.
--   p_id, p_tf   asset, timeframe
--   p_by_rows    N-day bars, and 1D
--   p_bar, p_day   N-day timeframes: bar space, day space; calendar timeframes need both
--   p_periods    all periods, ascending; p_alpha_bar, p_alpha_inside: their alphas at closes and on days
--   p_closes     closes of consecutive days, none NULL; p_offset: row number (1d bar_seq) before the first
--   p_means      N-day day space: by row number, the mean of all closes up to that row
--   p_bars, p_first_rows, p_last_rows   the bars to walk over, in order; p_is_forming: the last one is open
--   p_closed, p_total   number of closed bars before them, and the sum of their closes
--   p_bar_init   bar space after the closed bars before (NULL: none)
--   p_row_init, p_day_init, p_inside_init   row number that day space, and bar space inside the first bar, go
--                on from, and their vectors there (NULL: inside goes on from p_bar_init)
-- Returns   vectors: a row of emas per bar; blocks: a row of emas_at_blocks per block of days, its vectors
--           two days before it.
-- Errors    none.
-- Cost      about 0.03 us a day and live period, 3 us a vector.
-- Rule      one step is alpha * x + (1 - alpha) * previous, each rounded once; a seed replaces the step: the
--           mean of the first p closes, from the running total. N-day day space is seeded with the mean of
--           p * n days, that of calendars with bar space. Inside a calendar bar, bar space goes on from the
--           last closed bar day by day and snaps back when the bar closes.
--           Long, since nothing else is fast: days are taken 8, 4, 2 or 1 at a time, nested in one expression
--           a lane, and a statement costs as much as two steps. Eighteen lanes; more periods: walk_more_emas.
CREATE OR REPLACE FUNCTION walk_emas(
    p_id int, p_tf text, p_by_rows boolean, p_bar boolean, p_day boolean, p_periods int[],
    p_alpha_bar float8[], p_alpha_inside float8[], p_closes float8[], p_offset int, p_means float8[],
    p_bars int[], p_first_rows int[], p_last_rows int[], p_is_forming boolean, p_closed int, p_total float8,
    p_bar_init float8[], p_row_init int, p_day_init float8[], p_inside_init float8[],
    OUT vectors computed_vector[], OUT blocks computed_block[]
)
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE COST 10000
SET search_path FROM CURRENT
AS $$
DECLARE
    v_walks_days CONSTANT boolean := p_day AND p_tf <> '1D';
    v_steps_bars CONSTANT boolean := p_bar OR NOT p_by_rows OR p_tf = '1D';
    v_bars CONSTANT int := cardinality(p_bars);
    v_ordinal int := p_closed;
    v_live int := width_bucket(p_closed, p_periods);
    v_next int := p_periods[width_bucket(p_closed, p_periods) + 1];
    v_total float8 := p_total;
    v_seed float8;
    -- Positions in p_closes: where day space stands, the last day of the bar, the next stop, the next block.
    v_at int := p_row_init - p_offset;
    v_last int;
    v_stop int;
    v_block int := (p_row_init + 2) / block_size() + 1;
    v_block_at int := row_before_block((p_row_init + 2) / block_size() + 1) - p_offset;
    v_forming boolean;
    v_inside float8[];
    v_inside_at int;
    v_bar float8[] := '{}';
    v_bar_space float8[];
    v_day_space float8[];
    v_anchor float8[];
    x1 float8; x2 float8; x3 float8; x4 float8; x5 float8; x6 float8; x7 float8; x8 float8;
    -- Alphas and what they leave, inside bars and at closes; the lanes of day space.
    a1 float8 := p_alpha_inside[1]; b1 float8 := 1.0::float8 - p_alpha_inside[1];
    a2 float8 := p_alpha_inside[2]; b2 float8 := 1.0::float8 - p_alpha_inside[2];
    a3 float8 := p_alpha_inside[3]; b3 float8 := 1.0::float8 - p_alpha_inside[3];
    a4 float8 := p_alpha_inside[4]; b4 float8 := 1.0::float8 - p_alpha_inside[4];
    a5 float8 := p_alpha_inside[5]; b5 float8 := 1.0::float8 - p_alpha_inside[5];
    a6 float8 := p_alpha_inside[6]; b6 float8 := 1.0::float8 - p_alpha_inside[6];
    a7 float8 := p_alpha_inside[7]; b7 float8 := 1.0::float8 - p_alpha_inside[7];
    a8 float8 := p_alpha_inside[8]; b8 float8 := 1.0::float8 - p_alpha_inside[8];
    a9 float8 := p_alpha_inside[9]; b9 float8 := 1.0::float8 - p_alpha_inside[9];
    a10 float8 := p_alpha_inside[10]; b10 float8 := 1.0::float8 - p_alpha_inside[10];
    a11 float8 := p_alpha_inside[11]; b11 float8 := 1.0::float8 - p_alpha_inside[11];
    a12 float8 := p_alpha_inside[12]; b12 float8 := 1.0::float8 - p_alpha_inside[12];
    a13 float8 := p_alpha_inside[13]; b13 float8 := 1.0::float8 - p_alpha_inside[13];
    a14 float8 := p_alpha_inside[14]; b14 float8 := 1.0::float8 - p_alpha_inside[14];
    a15 float8 := p_alpha_inside[15]; b15 float8 := 1.0::float8 - p_alpha_inside[15];
    a16 float8 := p_alpha_inside[16]; b16 float8 := 1.0::float8 - p_alpha_inside[16];
    a17 float8 := p_alpha_inside[17]; b17 float8 := 1.0::float8 - p_alpha_inside[17];
    a18 float8 := p_alpha_inside[18]; b18 float8 := 1.0::float8 - p_alpha_inside[18];
    c1 float8 := p_alpha_bar[1]; d1 float8 := 1.0::float8 - p_alpha_bar[1];
    c2 float8 := p_alpha_bar[2]; d2 float8 := 1.0::float8 - p_alpha_bar[2];
    c3 float8 := p_alpha_bar[3]; d3 float8 := 1.0::float8 - p_alpha_bar[3];
    c4 float8 := p_alpha_bar[4]; d4 float8 := 1.0::float8 - p_alpha_bar[4];
    c5 float8 := p_alpha_bar[5]; d5 float8 := 1.0::float8 - p_alpha_bar[5];
    c6 float8 := p_alpha_bar[6]; d6 float8 := 1.0::float8 - p_alpha_bar[6];
    c7 float8 := p_alpha_bar[7]; d7 float8 := 1.0::float8 - p_alpha_bar[7];
    c8 float8 := p_alpha_bar[8]; d8 float8 := 1.0::float8 - p_alpha_bar[8];
    c9 float8 := p_alpha_bar[9]; d9 float8 := 1.0::float8 - p_alpha_bar[9];
    c10 float8 := p_alpha_bar[10]; d10 float8 := 1.0::float8 - p_alpha_bar[10];
    c11 float8 := p_alpha_bar[11]; d11 float8 := 1.0::float8 - p_alpha_bar[11];
    c12 float8 := p_alpha_bar[12]; d12 float8 := 1.0::float8 - p_alpha_bar[12];
    c13 float8 := p_alpha_bar[13]; d13 float8 := 1.0::float8 - p_alpha_bar[13];
    c14 float8 := p_alpha_bar[14]; d14 float8 := 1.0::float8 - p_alpha_bar[14];
    c15 float8 := p_alpha_bar[15]; d15 float8 := 1.0::float8 - p_alpha_bar[15];
    c16 float8 := p_alpha_bar[16]; d16 float8 := 1.0::float8 - p_alpha_bar[16];
    c17 float8 := p_alpha_bar[17]; d17 float8 := 1.0::float8 - p_alpha_bar[17];
    c18 float8 := p_alpha_bar[18]; d18 float8 := 1.0::float8 - p_alpha_bar[18];
    v1 float8 := p_day_init[1]; v2 float8 := p_day_init[2]; v3 float8 := p_day_init[3];
    v4 float8 := p_day_init[4]; v5 float8 := p_day_init[5]; v6 float8 := p_day_init[6];
    v7 float8 := p_day_init[7]; v8 float8 := p_day_init[8]; v9 float8 := p_day_init[9];
    v10 float8 := p_day_init[10]; v11 float8 := p_day_init[11]; v12 float8 := p_day_init[12];
    v13 float8 := p_day_init[13]; v14 float8 := p_day_init[14]; v15 float8 := p_day_init[15];
    v16 float8 := p_day_init[16]; v17 float8 := p_day_init[17]; v18 float8 := p_day_init[18];
BEGIN
    IF cardinality(p_periods) > 18 THEN
        SELECT w.vectors, w.blocks INTO vectors, blocks FROM walk_more_emas(
            p_id, p_tf, p_by_rows, p_bar, p_day, p_periods, p_alpha_bar, p_alpha_inside, p_closes, p_offset,
            p_means, p_bars, p_first_rows, p_last_rows, p_is_forming, p_closed, p_total, p_bar_init,
            p_row_init, p_day_init, p_inside_init) AS w;
        RETURN;
    END IF;
    IF v_steps_bars AND p_bar_init IS NOT NULL THEN
        v_bar := p_bar_init;
    END IF;
    FOR i IN 1 .. v_bars LOOP
        v_last := p_last_rows[i] - p_offset;
        v_forming := p_is_forming AND i = v_bars;
        IF v_walks_days THEN
            v_inside := v_bar;
            IF i = 1 AND p_row_init >= p_first_rows[1] AND p_inside_init IS NOT NULL THEN
                v_inside := p_inside_init;
            END IF;
            v_inside_at := v_at;
            LOOP
                v_stop := least(v_block_at, v_last);
                IF v_live = 0 THEN
                    v_at := v_stop;
                END IF;
                WHILE v_stop - v_at >= 8 LOOP
                    x1 := p_closes[v_at + 1]; x2 := p_closes[v_at + 2]; x3 := p_closes[v_at + 3];
                    x4 := p_closes[v_at + 4]; x5 := p_closes[v_at + 5]; x6 := p_closes[v_at + 6];
                    x7 := p_closes[v_at + 7]; x8 := p_closes[v_at + 8];
                    v1 := a1 * x8 + b1 * (a1 * x7 + b1 * (a1 * x6 + b1 * (a1 * x5 + b1 * (a1 * x4
                        + b1 * (a1 * x3 + b1 * (a1 * x2 + b1 * (a1 * x1 + b1 * v1)))))));
                    v2 := a2 * x8 + b2 * (a2 * x7 + b2 * (a2 * x6 + b2 * (a2 * x5 + b2 * (a2 * x4
                        + b2 * (a2 * x3 + b2 * (a2 * x2 + b2 * (a2 * x1 + b2 * v2)))))));
                    v3 := a3 * x8 + b3 * (a3 * x7 + b3 * (a3 * x6 + b3 * (a3 * x5 + b3 * (a3 * x4
                        + b3 * (a3 * x3 + b3 * (a3 * x2 + b3 * (a3 * x1 + b3 * v3)))))));
                    v4 := a4 * x8 + b4 * (a4 * x7 + b4 * (a4 * x6 + b4 * (a4 * x5 + b4 * (a4 * x4
                        + b4 * (a4 * x3 + b4 * (a4 * x2 + b4 * (a4 * x1 + b4 * v4)))))));
                    v5 := a5 * x8 + b5 * (a5 * x7 + b5 * (a5 * x6 + b5 * (a5 * x5 + b5 * (a5 * x4
                        + b5 * (a5 * x3 + b5 * (a5 * x2 + b5 * (a5 * x1 + b5 * v5)))))));
                    v6 := a6 * x8 + b6 * (a6 * x7 + b6 * (a6 * x6 + b6 * (a6 * x5 + b6 * (a6 * x4
                        + b6 * (a6 * x3 + b6 * (a6 * x2 + b6 * (a6 * x1 + b6 * v6)))))));
                    IF v_live > 6 THEN
                        v7 := a7 * x8 + b7 * (a7 * x7 + b7 * (a7 * x6 + b7 * (a7 * x5 + b7 * (a7 * x4
                            + b7 * (a7 * x3 + b7 * (a7 * x2 + b7 * (a7 * x1 + b7 * v7)))))));
                        v8 := a8 * x8 + b8 * (a8 * x7 + b8 * (a8 * x6 + b8 * (a8 * x5 + b8 * (a8 * x4
                            + b8 * (a8 * x3 + b8 * (a8 * x2 + b8 * (a8 * x1 + b8 * v8)))))));
                        v9 := a9 * x8 + b9 * (a9 * x7 + b9 * (a9 * x6 + b9 * (a9 * x5 + b9 * (a9 * x4
                            + b9 * (a9 * x3 + b9 * (a9 * x2 + b9 * (a9 * x1 + b9 * v9)))))));
                        v10 := a10 * x8 + b10 * (a10 * x7 + b10 * (a10 * x6 + b10 * (a10 * x5
                            + b10 * (a10 * x4 + b10 * (a10 * x3 + b10 * (a10 * x2 + b10 * (a10 * x1
                            + b10 * v10)))))));
                        v11 := a11 * x8 + b11 * (a11 * x7 + b11 * (a11 * x6 + b11 * (a11 * x5
                            + b11 * (a11 * x4 + b11 * (a11 * x3 + b11 * (a11 * x2 + b11 * (a11 * x1
                            + b11 * v11)))))));
                        v12 := a12 * x8 + b12 * (a12 * x7 + b12 * (a12 * x6 + b12 * (a12 * x5
                            + b12 * (a12 * x4 + b12 * (a12 * x3 + b12 * (a12 * x2 + b12 * (a12 * x1
                            + b12 * v12)))))));
                        IF v_live > 12 THEN
                            v13 := a13 * x8 + b13 * (a13 * x7 + b13 * (a13 * x6 + b13 * (a13 * x5
                                + b13 * (a13 * x4 + b13 * (a13 * x3 + b13 * (a13 * x2 + b13 * (a13 * x1
                                + b13 * v13)))))));
                            v14 := a14 * x8 + b14 * (a14 * x7 + b14 * (a14 * x6 + b14 * (a14 * x5
                                + b14 * (a14 * x4 + b14 * (a14 * x3 + b14 * (a14 * x2 + b14 * (a14 * x1
                                + b14 * v14)))))));
                            v15 := a15 * x8 + b15 * (a15 * x7 + b15 * (a15 * x6 + b15 * (a15 * x5
                                + b15 * (a15 * x4 + b15 * (a15 * x3 + b15 * (a15 * x2 + b15 * (a15 * x1
                                + b15 * v15)))))));
                            v16 := a16 * x8 + b16 * (a16 * x7 + b16 * (a16 * x6 + b16 * (a16 * x5
                                + b16 * (a16 * x4 + b16 * (a16 * x3 + b16 * (a16 * x2 + b16 * (a16 * x1
                                + b16 * v16)))))));
                            v17 := a17 * x8 + b17 * (a17 * x7 + b17 * (a17 * x6 + b17 * (a17 * x5
                                + b17 * (a17 * x4 + b17 * (a17 * x3 + b17 * (a17 * x2 + b17 * (a17 * x1
                                + b17 * v17)))))));
                            v18 := a18 * x8 + b18 * (a18 * x7 + b18 * (a18 * x6 + b18 * (a18 * x5
                                + b18 * (a18 * x4 + b18 * (a18 * x3 + b18 * (a18 * x2 + b18 * (a18 * x1
                                + b18 * v18)))))));
                        END IF;
                    END IF;
                    v_at := v_at + 8;
                END LOOP;
                IF v_stop - v_at >= 4 THEN
                    x1 := p_closes[v_at + 1]; x2 := p_closes[v_at + 2]; x3 := p_closes[v_at + 3];
                    x4 := p_closes[v_at + 4];
                    v1 := a1 * x4 + b1 * (a1 * x3 + b1 * (a1 * x2 + b1 * (a1 * x1 + b1 * v1)));
                    v2 := a2 * x4 + b2 * (a2 * x3 + b2 * (a2 * x2 + b2 * (a2 * x1 + b2 * v2)));
                    v3 := a3 * x4 + b3 * (a3 * x3 + b3 * (a3 * x2 + b3 * (a3 * x1 + b3 * v3)));
                    v4 := a4 * x4 + b4 * (a4 * x3 + b4 * (a4 * x2 + b4 * (a4 * x1 + b4 * v4)));
                    v5 := a5 * x4 + b5 * (a5 * x3 + b5 * (a5 * x2 + b5 * (a5 * x1 + b5 * v5)));
                    v6 := a6 * x4 + b6 * (a6 * x3 + b6 * (a6 * x2 + b6 * (a6 * x1 + b6 * v6)));
                    IF v_live > 6 THEN
                        v7 := a7 * x4 + b7 * (a7 * x3 + b7 * (a7 * x2 + b7 * (a7 * x1 + b7 * v7)));
                        v8 := a8 * x4 + b8 * (a8 * x3 + b8 * (a8 * x2 + b8 * (a8 * x1 + b8 * v8)));
                        v9 := a9 * x4 + b9 * (a9 * x3 + b9 * (a9 * x2 + b9 * (a9 * x1 + b9 * v9)));
                        v10 := a10 * x4 + b10 * (a10 * x3 + b10 * (a10 * x2 + b10 * (a10 * x1 + b10 * v10)));
                        v11 := a11 * x4 + b11 * (a11 * x3 + b11 * (a11 * x2 + b11 * (a11 * x1 + b11 * v11)));
                        v12 := a12 * x4 + b12 * (a12 * x3 + b12 * (a12 * x2 + b12 * (a12 * x1 + b12 * v12)));
                        IF v_live > 12 THEN
                            v13 := a13 * x4 + b13 * (a13 * x3 + b13 * (a13 * x2 + b13 * (a13 * x1
                                + b13 * v13)));
                            v14 := a14 * x4 + b14 * (a14 * x3 + b14 * (a14 * x2 + b14 * (a14 * x1
                                + b14 * v14)));
                            v15 := a15 * x4 + b15 * (a15 * x3 + b15 * (a15 * x2 + b15 * (a15 * x1
                                + b15 * v15)));
                            v16 := a16 * x4 + b16 * (a16 * x3 + b16 * (a16 * x2 + b16 * (a16 * x1
                                + b16 * v16)));
                            v17 := a17 * x4 + b17 * (a17 * x3 + b17 * (a17 * x2 + b17 * (a17 * x1
                                + b17 * v17)));
                            v18 := a18 * x4 + b18 * (a18 * x3 + b18 * (a18 * x2 + b18 * (a18 * x1
                                + b18 * v18)));
                        END IF;
                    END IF;
                    v_at := v_at + 4;
                END IF;
                IF v_stop - v_at >= 2 THEN
                    x1 := p_closes[v_at + 1]; x2 := p_closes[v_at + 2];
                    v1 := a1 * x2 + b1 * (a1 * x1 + b1 * v1); v2 := a2 * x2 + b2 * (a2 * x1 + b2 * v2);
                    v3 := a3 * x2 + b3 * (a3 * x1 + b3 * v3); v4 := a4 * x2 + b4 * (a4 * x1 + b4 * v4);
                    v5 := a5 * x2 + b5 * (a5 * x1 + b5 * v5); v6 := a6 * x2 + b6 * (a6 * x1 + b6 * v6);
                    IF v_live > 6 THEN
                        v7 := a7 * x2 + b7 * (a7 * x1 + b7 * v7); v8 := a8 * x2 + b8 * (a8 * x1 + b8 * v8);
                        v9 := a9 * x2 + b9 * (a9 * x1 + b9 * v9);
                        v10 := a10 * x2 + b10 * (a10 * x1 + b10 * v10);
                        v11 := a11 * x2 + b11 * (a11 * x1 + b11 * v11);
                        v12 := a12 * x2 + b12 * (a12 * x1 + b12 * v12);
                        IF v_live > 12 THEN
                            v13 := a13 * x2 + b13 * (a13 * x1 + b13 * v13);
                            v14 := a14 * x2 + b14 * (a14 * x1 + b14 * v14);
                            v15 := a15 * x2 + b15 * (a15 * x1 + b15 * v15);
                            v16 := a16 * x2 + b16 * (a16 * x1 + b16 * v16);
                            v17 := a17 * x2 + b17 * (a17 * x1 + b17 * v17);
                            v18 := a18 * x2 + b18 * (a18 * x1 + b18 * v18);
                        END IF;
                    END IF;
                    v_at := v_at + 2;
                END IF;
                IF v_stop > v_at THEN
                    x1 := p_closes[v_at + 1];
                    v1 := a1 * x1 + b1 * v1; v2 := a2 * x1 + b2 * v2; v3 := a3 * x1 + b3 * v3;
                    v4 := a4 * x1 + b4 * v4; v5 := a5 * x1 + b5 * v5; v6 := a6 * x1 + b6 * v6;
                    IF v_live > 6 THEN
                        v7 := a7 * x1 + b7 * v7; v8 := a8 * x1 + b8 * v8; v9 := a9 * x1 + b9 * v9;
                        v10 := a10 * x1 + b10 * v10; v11 := a11 * x1 + b11 * v11;
                        v12 := a12 * x1 + b12 * v12;
                        IF v_live > 12 THEN
                            v13 := a13 * x1 + b13 * v13; v14 := a14 * x1 + b14 * v14;
                            v15 := a15 * x1 + b15 * v15; v16 := a16 * x1 + b16 * v16;
                            v17 := a17 * x1 + b17 * v17; v18 := a18 * x1 + b18 * v18;
                        END IF;
                    END IF;
                    v_at := v_at + 1;
                END IF;
                EXIT WHEN v_stop = v_last;
                IF v_live > 0 THEN
                    IF NOT p_by_rows THEN
                        v_inside := ema_carry(p_alpha_inside, v_inside, p_closes, v_inside_at + 1, v_at);
                        v_inside_at := v_at;
                    END IF;
                    blocks := array_append(blocks, ROW(
                        p_id, p_tf, v_block, CASE WHEN NOT p_by_rows THEN v_inside END,
                        array_remove(ARRAY[
                            v1, v2, v3, v4, v5, v6, v7, v8, v9, v10, v11, v12, v13, v14, v15, v16, v17, v18
                        ], NULL))::computed_block);
                END IF;
                v_block := v_block + 1;
                v_block_at := v_block_at + block_size();
            END LOOP;
        END IF;

        x1 := p_closes[v_last];
        IF v_forming THEN
            v_anchor := v_bar;
            v_bar_space := CASE WHEN p_by_rows THEN ema_step(p_alpha_bar, v_bar, x1)
                ELSE ema_carry(p_alpha_inside, v_inside, p_closes, v_inside_at + 1, v_last) END;
        ELSE
            v_ordinal := v_ordinal + 1;
            IF v_steps_bars AND v_live > 0 THEN
                v_bar := array_remove(ARRAY[
                    c1 * x1 + d1 * v_bar[1], c2 * x1 + d2 * v_bar[2], c3 * x1 + d3 * v_bar[3],
                    c4 * x1 + d4 * v_bar[4], c5 * x1 + d5 * v_bar[5], c6 * x1 + d6 * v_bar[6],
                    c7 * x1 + d7 * v_bar[7], c8 * x1 + d8 * v_bar[8], c9 * x1 + d9 * v_bar[9],
                    c10 * x1 + d10 * v_bar[10], c11 * x1 + d11 * v_bar[11], c12 * x1 + d12 * v_bar[12],
                    c13 * x1 + d13 * v_bar[13], c14 * x1 + d14 * v_bar[14], c15 * x1 + d15 * v_bar[15],
                    c16 * x1 + d16 * v_bar[16], c17 * x1 + d17 * v_bar[17], c18 * x1 + d18 * v_bar[18]
                ], NULL);
            END IF;
            IF v_next IS NOT NULL THEN
                v_total := v_total + x1;
            END IF;
            IF v_ordinal = v_next THEN
                v_live := v_live + 1;
                v_next := p_periods[v_live + 1];
                v_seed := v_total / v_ordinal::float8;
                IF v_steps_bars THEN
                    v_bar := array_append(v_bar, v_seed);
                END IF;
                IF p_by_rows THEN
                    v_seed := p_means[p_last_rows[i]];
                END IF;
                CASE v_live
                    WHEN 1 THEN v1 := v_seed; WHEN 2 THEN v2 := v_seed; WHEN 3 THEN v3 := v_seed;
                    WHEN 4 THEN v4 := v_seed; WHEN 5 THEN v5 := v_seed; WHEN 6 THEN v6 := v_seed;
                    WHEN 7 THEN v7 := v_seed; WHEN 8 THEN v8 := v_seed; WHEN 9 THEN v9 := v_seed;
                    WHEN 10 THEN v10 := v_seed; WHEN 11 THEN v11 := v_seed; WHEN 12 THEN v12 := v_seed;
                    WHEN 13 THEN v13 := v_seed; WHEN 14 THEN v14 := v_seed; WHEN 15 THEN v15 := v_seed;
                    WHEN 16 THEN v16 := v_seed; WHEN 17 THEN v17 := v_seed; WHEN 18 THEN v18 := v_seed;
                END CASE;
            END IF;
            v_bar_space := v_bar;
        END IF;
        IF v_walks_days THEN
            v_day_space := array_remove(ARRAY[
                v1, v2, v3, v4, v5, v6, v7, v8, v9, v10, v11, v12, v13, v14, v15, v16, v17, v18
            ], NULL);
        ELSIF p_day THEN
            v_day_space := v_bar_space;
        END IF;
        IF NOT p_bar THEN
            v_bar_space := NULL;
        END IF;
        vectors := array_append(
            vectors,
            ROW(p_id, p_tf, p_bars[i], v_ordinal, v_bar_space, v_day_space, v_anchor)::computed_vector);
        IF v_walks_days AND v_block_at = v_last THEN
            IF v_live > 0 THEN
                blocks := array_append(blocks, ROW(
                    p_id, p_tf, v_block, CASE WHEN NOT p_by_rows THEN v_bar_space END, v_day_space
                )::computed_block);
            END IF;
            v_block := v_block + 1;
            v_block_at := v_block_at + block_size();
        END IF;
    END LOOP;
END;
$$;
