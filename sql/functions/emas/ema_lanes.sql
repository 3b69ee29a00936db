-- ema_lanes: carry the EMAs of all periods of one series over its values in one pass.
--   p_values   values in time order
--   p_ends     ascending positions in p_values (from 1) after which the vector is wanted
--   p_alphas   alpha of each period, shortest period first
--   p_init     the vector before the first value; its length says how many periods are live (NULL: none)
--   p_seed_at  per period the position at which it starts, one of p_ends; NULL: already live, or not here
--   p_seeds    per period the value it has there
-- Returns    n = number of the end, from 1; v = vector of the live periods at that position.
-- Errors     TA030 a NULL value.
-- Cost       about 0.06 us a value and live period; more than 18 periods take one pass for each 18.
-- Rule       one step is alpha * x + (1 - alpha) * previous, each rounded once; a seed replaces the step.
--            Periods go live from the shortest on, so lanes of six are skipped until one of them lives.
--            Long, since a lane is a variable: arrays would be copied for every day.
CREATE OR REPLACE FUNCTION ema_lanes(
    p_values float8[], p_ends int[], p_alphas float8[], p_init float8[], p_seed_at int[], p_seeds float8[]
)
RETURNS TABLE (n int, v float8[])
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE COST 1000 ROWS 100
AS $$
DECLARE
    x float8;
    i int := 0;
    v_live int := coalesce(cardinality(p_init), 0);
    a1 float8 := p_alphas[1]; b1 float8 := 1.0::float8 - p_alphas[1]; v1 float8 := p_init[1];
    a2 float8 := p_alphas[2]; b2 float8 := 1.0::float8 - p_alphas[2]; v2 float8 := p_init[2];
    a3 float8 := p_alphas[3]; b3 float8 := 1.0::float8 - p_alphas[3]; v3 float8 := p_init[3];
    a4 float8 := p_alphas[4]; b4 float8 := 1.0::float8 - p_alphas[4]; v4 float8 := p_init[4];
    a5 float8 := p_alphas[5]; b5 float8 := 1.0::float8 - p_alphas[5]; v5 float8 := p_init[5];
    a6 float8 := p_alphas[6]; b6 float8 := 1.0::float8 - p_alphas[6]; v6 float8 := p_init[6];
    a7 float8 := p_alphas[7]; b7 float8 := 1.0::float8 - p_alphas[7]; v7 float8 := p_init[7];
    a8 float8 := p_alphas[8]; b8 float8 := 1.0::float8 - p_alphas[8]; v8 float8 := p_init[8];
    a9 float8 := p_alphas[9]; b9 float8 := 1.0::float8 - p_alphas[9]; v9 float8 := p_init[9];
    a10 float8 := p_alphas[10]; b10 float8 := 1.0::float8 - p_alphas[10]; v10 float8 := p_init[10];
    a11 float8 := p_alphas[11]; b11 float8 := 1.0::float8 - p_alphas[11]; v11 float8 := p_init[11];
    a12 float8 := p_alphas[12]; b12 float8 := 1.0::float8 - p_alphas[12]; v12 float8 := p_init[12];
    a13 float8 := p_alphas[13]; b13 float8 := 1.0::float8 - p_alphas[13]; v13 float8 := p_init[13];
    a14 float8 := p_alphas[14]; b14 float8 := 1.0::float8 - p_alphas[14]; v14 float8 := p_init[14];
    a15 float8 := p_alphas[15]; b15 float8 := 1.0::float8 - p_alphas[15]; v15 float8 := p_init[15];
    a16 float8 := p_alphas[16]; b16 float8 := 1.0::float8 - p_alphas[16]; v16 float8 := p_init[16];
    a17 float8 := p_alphas[17]; b17 float8 := 1.0::float8 - p_alphas[17]; v17 float8 := p_init[17];
    a18 float8 := p_alphas[18]; b18 float8 := 1.0::float8 - p_alphas[18]; v18 float8 := p_init[18];
    v_end int := p_ends[1];
BEGIN
    IF cardinality(p_alphas) > 18 THEN
        RETURN QUERY
        SELECT l.n, l.v || r.v
        FROM ema_lanes(
            p_values, p_ends, p_alphas[:18], p_init[:18], p_seed_at[:18], p_seeds[:18]) AS l
        JOIN ema_lanes(
            p_values, p_ends, p_alphas[19:], p_init[19:], p_seed_at[19:], p_seeds[19:]) AS r
            ON r.n = l.n
        ORDER BY l.n;
        RETURN;
    END IF;
    IF array_position(p_values, NULL) IS NOT NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'TA030', MESSAGE = 'a close is NULL',
            DETAIL = format('Position %s of the closes of an EMA.', array_position(p_values, NULL)),
            HINT = 'Build the validated days again: p_full => true.';
    END IF;
    n := 0;
    IF v_live = 0 THEN
        -- Nothing lives before the first seed: no need to walk there.
        i := least(
            p_seed_at[1], p_seed_at[2], p_seed_at[3], p_seed_at[4], p_seed_at[5], p_seed_at[6], p_seed_at[7],
            p_seed_at[8], p_seed_at[9], p_seed_at[10], p_seed_at[11], p_seed_at[12], p_seed_at[13],
            p_seed_at[14], p_seed_at[15], p_seed_at[16], p_seed_at[17], p_seed_at[18]) - 1;
        v := '{}';
        WHILE v_end <= coalesce(i, v_end) LOOP
            n := n + 1;
            RETURN NEXT;
            v_end := p_ends[n + 1];
        END LOOP;
        IF v_end IS NULL THEN
            RETURN;
        END IF;
    END IF;
    FOREACH x IN ARRAY coalesce(p_values[i + 1:], '{}') LOOP
        i := i + 1;
        v1 := a1 * x + b1 * v1; v2 := a2 * x + b2 * v2; v3 := a3 * x + b3 * v3;
        v4 := a4 * x + b4 * v4; v5 := a5 * x + b5 * v5; v6 := a6 * x + b6 * v6;
        IF v_live > 6 THEN
            v7 := a7 * x + b7 * v7; v8 := a8 * x + b8 * v8; v9 := a9 * x + b9 * v9;
            v10 := a10 * x + b10 * v10; v11 := a11 * x + b11 * v11; v12 := a12 * x + b12 * v12;
            IF v_live > 12 THEN
                v13 := a13 * x + b13 * v13; v14 := a14 * x + b14 * v14; v15 := a15 * x + b15 * v15;
                v16 := a16 * x + b16 * v16; v17 := a17 * x + b17 * v17; v18 := a18 * x + b18 * v18;
            END IF;
        END IF;
        IF i = v_end THEN
            IF i = ANY(p_seed_at) THEN
                IF p_seed_at[1] = i THEN v1 := p_seeds[1]; v_live := v_live + 1; END IF;
                IF p_seed_at[2] = i THEN v2 := p_seeds[2]; v_live := v_live + 1; END IF;
                IF p_seed_at[3] = i THEN v3 := p_seeds[3]; v_live := v_live + 1; END IF;
                IF p_seed_at[4] = i THEN v4 := p_seeds[4]; v_live := v_live + 1; END IF;
                IF p_seed_at[5] = i THEN v5 := p_seeds[5]; v_live := v_live + 1; END IF;
                IF p_seed_at[6] = i THEN v6 := p_seeds[6]; v_live := v_live + 1; END IF;
                IF p_seed_at[7] = i THEN v7 := p_seeds[7]; v_live := v_live + 1; END IF;
                IF p_seed_at[8] = i THEN v8 := p_seeds[8]; v_live := v_live + 1; END IF;
                IF p_seed_at[9] = i THEN v9 := p_seeds[9]; v_live := v_live + 1; END IF;
                IF p_seed_at[10] = i THEN v10 := p_seeds[10]; v_live := v_live + 1; END IF;
                IF p_seed_at[11] = i THEN v11 := p_seeds[11]; v_live := v_live + 1; END IF;
                IF p_seed_at[12] = i THEN v12 := p_seeds[12]; v_live := v_live + 1; END IF;
                IF p_seed_at[13] = i THEN v13 := p_seeds[13]; v_live := v_live + 1; END IF;
                IF p_seed_at[14] = i THEN v14 := p_seeds[14]; v_live := v_live + 1; END IF;
                IF p_seed_at[15] = i THEN v15 := p_seeds[15]; v_live := v_live + 1; END IF;
                IF p_seed_at[16] = i THEN v16 := p_seeds[16]; v_live := v_live + 1; END IF;
                IF p_seed_at[17] = i THEN v17 := p_seeds[17]; v_live := v_live + 1; END IF;
                IF p_seed_at[18] = i THEN v18 := p_seeds[18]; v_live := v_live + 1; END IF;
            END IF;
            n := n + 1;
            -- Not a slice: that would keep a bitmap of NULLs, and equal vectors would be stored differently.
            v := array_remove(
                ARRAY[v1, v2, v3, v4, v5, v6, v7, v8, v9, v10, v11, v12, v13, v14, v15, v16, v17, v18], NULL);
            RETURN NEXT;
            v_end := p_ends[n + 1];
            EXIT WHEN v_end IS NULL;
        END IF;
    END LOOP;
END;
$$;
