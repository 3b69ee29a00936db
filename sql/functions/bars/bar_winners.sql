-- bar_winners: which day gives a bar its extreme, as it stood after each of some consecutive days.
--   p_prices, p_times   the days' highs or lows in time order, and when they were reached
--   p_before            row number (1d bar_seq) of the day before the first of them
--   p_first_rows        row numbers of the bars' first days, ascending
--   p_price, p_time     extreme and time of the bar of the first day, as it stood after that day
--   p_lowest            lows are compared
-- Returns   for every day the position of the winning day; 0: p_price and p_time still hold. Where the time
--           of a zero comes from a later day than the zero, which may have another sign: 128 times the
--           position of the price (127: p_price) plus that of the time.
-- Errors    none.   Cost  0.2 us a day.
-- Rule      of equal prices the earlier time wins, and the price of the earlier day is kept.
CREATE OR REPLACE FUNCTION bar_winners(
    p_prices float8[], p_times timestamptz[], p_before int, p_first_rows int[], p_price float8,
    p_time timestamptz, p_lowest boolean
)
RETURNS int[]
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE COST 1000
AS $$
DECLARE
    v_days int := cardinality(p_prices);
    v_winners int[] := array_fill(0, ARRAY[v_days]);
    v_sign float8 := CASE WHEN p_lowest THEN -1 ELSE 1 END;
    v_winner int := 0;
    v_priced int := 127;
    -- Compared with their signs turned where lows are, so that the greatest wins.
    v_best float8 := v_sign * p_price;
    v_time timestamptz := p_time;
    v_bar int := 1;
    v_from int := 2;
    v_stop int;
BEGIN
    -- The bar of the first day has won already, also where it begins with that day.
    WHILE p_first_rows[v_bar] <= p_before + 1 LOOP
        v_bar := v_bar + 1;
    END LOOP;
    LOOP
        -- The days before the next bar, each without a look at where it begins.
        v_stop := least(coalesce(p_first_rows[v_bar] - 1 - p_before, v_days), v_days);
        FOR v_day IN v_from .. v_stop LOOP
            IF v_sign * p_prices[v_day] >= v_best THEN
                IF v_sign * p_prices[v_day] > v_best THEN
                    v_winner := v_day;
                    v_priced := v_day;
                    v_best := v_sign * p_prices[v_day];
                    v_time := p_times[v_day];
                ELSIF p_times[v_day] < v_time THEN
                    v_winner := CASE WHEN v_best = 0 THEN 128 * v_priced ELSE 0 END + v_day;
                    v_time := p_times[v_day];
                END IF;
            END IF;
            v_winners[v_day] := v_winner;
        END LOOP;
        EXIT WHEN v_stop = v_days;
        v_winner := v_stop + 1;
        v_priced := v_winner;
        v_best := v_sign * p_prices[v_winner];
        v_time := p_times[v_winner];
        v_winners[v_winner] := v_winner;
        v_from := v_stop + 2;
        v_bar := v_bar + 1;
    END LOOP;
    RETURN v_winners;
END;
$$;
