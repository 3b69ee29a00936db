-- find_ema_out_of_range: which EMA of an asset leaves the range of a double, and when.
--   p_id    asset id
-- Returns   tf, period and ts of the first such day of one series; NULLs: none found.
-- Errors    none.
-- Cost      up to that of building everything, a few seconds; only for telling of an error that has happened.
-- Rule      series with the largest alpha are looked at first: they shrink fastest.
CREATE OR REPLACE FUNCTION find_ema_out_of_range(p_id int, OUT tf text, OUT period int, OUT ts timestamptz)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
DECLARE
    v_series record;
    v_closes float8[];
    v_times timestamptz[];
    v_at int;
BEGIN
    FOR v_series IN
        SELECT a.tf, a.period, a.alpha_bar AS alpha, a.period AS seed_at, true AS by_bars
        FROM ema_alpha AS a
        UNION ALL
        SELECT a.tf, a.period, a.alpha_day, a.period * t.tf_qty, false
        FROM ema_alpha AS a INNER JOIN dim_timeframe AS t ON t.tf = a.tf AND t.unit_kind = 'D'
        ORDER BY alpha DESC, tf, by_bars
    LOOP
        IF v_series.by_bars AND v_series.tf <> '1D' THEN
            SELECT array_agg(b.close ORDER BY b.bar_seq), array_agg(b.time_close ORDER BY b.bar_seq)
            INTO v_closes, v_times
            FROM bars AS b WHERE b.id = p_id AND b.tf = v_series.tf;
        ELSE
            SELECT array_agg(d.close ORDER BY d.bar_seq), array_agg(d."timestamp" ORDER BY d.bar_seq)
            INTO v_closes, v_times
            FROM cmc_price_bars_1d AS d WHERE d.id = p_id;
        END IF;
        CONTINUE WHEN cardinality(v_closes) <= v_series.seed_at;
        v_at := ema_fails_at(v_closes, v_series.seed_at, v_series.alpha);
        IF v_at IS NOT NULL THEN
            tf := v_series.tf;
            period := v_series.period;
            ts := v_times[v_at];
            RETURN;
        END IF;
    END LOOP;
END;
$$;
