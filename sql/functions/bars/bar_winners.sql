-- bar_winners: which day gives a bar its extreme, as it stood after each of some consecutive days.
--   p_prices, p_times   the days' highs or lows in time order, and when they were reached
--   p_before            row number (1d bar_seq) of the day before the first of them
--   p_first_rows        row numbers of the bars' first days, ascending
--   p_price, p_time     extreme and time of the bar of the first day, as it stood after that day
--   p_lowest            lows are compared
-- Returns   for every day the position of the winning day; 0: p_price and p_time still hold. Where the time
--           of a zero comes from a later day than the zero, which may have another sign: 128 times the
--           position of the price (127: p_price) plus that of the time.
-- Errors    none.   Cost  0.3 us a day.
-- Rule      of equal prices the earlier time wins, and the price of the earlier day is kept.
CREATE OR REPLACE FUNCTION bar_winners(
    p_prices float8[], p_times timestamptz[], p_before int, p_first_rows int[], p_price float8,
    p_time timestamptz, p_lowest boolean
)
RETURNS int[]
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE COST 4000
AS $$
DECLARE
    v_winners int[] := '{}';
    v_winner int := 0;
    v_priced int := 127;
    v_best float8 := p_price;
    v_time timestamptz := p_time;
    v_bar int := 1;
    v_next int;
    v_day int := 0;
    x float8;
BEGIN
    -- The bar of the first day has won already, also where it begins with that day.
    WHILE p_first_rows[v_bar] <= p_before + 1 LOOP
        v_bar := v_bar + 1;
    END LOOP;
    v_next := p_first_rows[v_bar] - p_before;
    FOREACH x IN ARRAY p_prices LOOP
        v_day := v_day + 1;
        IF v_day = v_next THEN
            v_winner := v_day;
            v_priced := v_day;
            v_best := x;
            v_time := p_times[v_day];
            v_bar := v_bar + 1;
            v_next := p_first_rows[v_bar] - p_before;
        ELSIF x = v_best OR (x < v_best) = p_lowest THEN
            IF x <> v_best THEN
                v_winner := v_day;
                v_priced := v_day;
                v_best := x;
                v_time := p_times[v_day];
            ELSIF p_times[v_day] < v_time THEN
                v_winner := CASE WHEN x = 0 THEN 128 * v_priced ELSE 0 END + v_day;
                v_time := p_times[v_day];
            END IF;
        END IF;
        v_winners := array_append(v_winners, v_winner);
    END LOOP;
    RETURN v_winners;
END;
$$;
