-- ema_carry: carry the EMAs of all live periods over some consecutive days.
--   p_alphas   alpha of each period, shortest period first
--   p_before   the vector before; its length says how many periods are live
--   p_closes   closes of days; p_from, p_to: the first and the last to step over, as positions in it
-- Returns   the vector after; as long as the one before.
-- Errors    none.   Cost  about 3 us, and 0.03 us a day and live period; more than 18 take one pass each 18.
-- Rule      alpha * x + (1 - alpha) * previous, each rounded once, days nested four to an expression.
CREATE OR REPLACE FUNCTION ema_carry(
    p_alphas float8[], p_before float8[], p_closes float8[], p_from int, p_to int
)
RETURNS float8[]
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
AS $$
DECLARE
    v_live int := cardinality(p_before);
    v_at int := p_from - 1;
    x1 float8; x2 float8; x3 float8; x4 float8;
    a1 float8 := p_alphas[1]; b1 float8 := 1.0::float8 - p_alphas[1]; v1 float8 := p_before[1];
    a2 float8 := p_alphas[2]; b2 float8 := 1.0::float8 - p_alphas[2]; v2 float8 := p_before[2];
    a3 float8 := p_alphas[3]; b3 float8 := 1.0::float8 - p_alphas[3]; v3 float8 := p_before[3];
    a4 float8 := p_alphas[4]; b4 float8 := 1.0::float8 - p_alphas[4]; v4 float8 := p_before[4];
    a5 float8 := p_alphas[5]; b5 float8 := 1.0::float8 - p_alphas[5]; v5 float8 := p_before[5];
    a6 float8 := p_alphas[6]; b6 float8 := 1.0::float8 - p_alphas[6]; v6 float8 := p_before[6];
    a7 float8 := p_alphas[7]; b7 float8 := 1.0::float8 - p_alphas[7]; v7 float8 := p_before[7];
    a8 float8 := p_alphas[8]; b8 float8 := 1.0::float8 - p_alphas[8]; v8 float8 := p_before[8];
    a9 float8 := p_alphas[9]; b9 float8 := 1.0::float8 - p_alphas[9]; v9 float8 := p_before[9];
    a10 float8 := p_alphas[10]; b10 float8 := 1.0::float8 - p_alphas[10]; v10 float8 := p_before[10];
    a11 float8 := p_alphas[11]; b11 float8 := 1.0::float8 - p_alphas[11]; v11 float8 := p_before[11];
    a12 float8 := p_alphas[12]; b12 float8 := 1.0::float8 - p_alphas[12]; v12 float8 := p_before[12];
    a13 float8 := p_alphas[13]; b13 float8 := 1.0::float8 - p_alphas[13]; v13 float8 := p_before[13];
    a14 float8 := p_alphas[14]; b14 float8 := 1.0::float8 - p_alphas[14]; v14 float8 := p_before[14];
    a15 float8 := p_alphas[15]; b15 float8 := 1.0::float8 - p_alphas[15]; v15 float8 := p_before[15];
    a16 float8 := p_alphas[16]; b16 float8 := 1.0::float8 - p_alphas[16]; v16 float8 := p_before[16];
    a17 float8 := p_alphas[17]; b17 float8 := 1.0::float8 - p_alphas[17]; v17 float8 := p_before[17];
    a18 float8 := p_alphas[18]; b18 float8 := 1.0::float8 - p_alphas[18]; v18 float8 := p_before[18];
BEGIN
    IF v_live > 18 THEN
        RETURN ema_carry(p_alphas[:18], p_before[:18], p_closes, p_from, p_to)
            || ema_carry(p_alphas[19:], p_before[19:], p_closes, p_from, p_to);
    END IF;
    WHILE p_to - v_at >= 4 LOOP
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
                v13 := a13 * x4 + b13 * (a13 * x3 + b13 * (a13 * x2 + b13 * (a13 * x1 + b13 * v13)));
                v14 := a14 * x4 + b14 * (a14 * x3 + b14 * (a14 * x2 + b14 * (a14 * x1 + b14 * v14)));
                v15 := a15 * x4 + b15 * (a15 * x3 + b15 * (a15 * x2 + b15 * (a15 * x1 + b15 * v15)));
                v16 := a16 * x4 + b16 * (a16 * x3 + b16 * (a16 * x2 + b16 * (a16 * x1 + b16 * v16)));
                v17 := a17 * x4 + b17 * (a17 * x3 + b17 * (a17 * x2 + b17 * (a17 * x1 + b17 * v17)));
                v18 := a18 * x4 + b18 * (a18 * x3 + b18 * (a18 * x2 + b18 * (a18 * x1 + b18 * v18)));
            END IF;
        END IF;
        v_at := v_at + 4;
    END LOOP;
    WHILE p_to > v_at LOOP
        x1 := p_closes[v_at + 1];
        v1 := a1 * x1 + b1 * v1; v2 := a2 * x1 + b2 * v2; v3 := a3 * x1 + b3 * v3; v4 := a4 * x1 + b4 * v4;
        v5 := a5 * x1 + b5 * v5; v6 := a6 * x1 + b6 * v6;
        IF v_live > 6 THEN
            v7 := a7 * x1 + b7 * v7; v8 := a8 * x1 + b8 * v8; v9 := a9 * x1 + b9 * v9;
            v10 := a10 * x1 + b10 * v10; v11 := a11 * x1 + b11 * v11; v12 := a12 * x1 + b12 * v12;
            IF v_live > 12 THEN
                v13 := a13 * x1 + b13 * v13; v14 := a14 * x1 + b14 * v14; v15 := a15 * x1 + b15 * v15;
                v16 := a16 * x1 + b16 * v16; v17 := a17 * x1 + b17 * v17; v18 := a18 * x1 + b18 * v18;
            END IF;
        END IF;
        v_at := v_at + 1;
    END LOOP;
    RETURN array_remove(ARRAY[
        v1, v2, v3, v4, v5, v6, v7, v8, v9, v10, v11, v12, v13, v14, v15, v16, v17, v18
    ], NULL);
END;
$$;
