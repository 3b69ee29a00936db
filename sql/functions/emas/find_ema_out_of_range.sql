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
    v_seed record;
    v_closes float8[];
    v_times timestamptz[];
    v_at int;
BEGIN
    FOR v_series IN
        SELECT a.tf, a.period, a.alpha_bar AS alpha, a.period AS seed_at, true AS by_bars, true AS by_rows
        FROM ema_alpha AS a
        UNION ALL
        SELECT
            a.tf, a.period, alpha_inside(t.allow_partial_start, a.alpha_day, a.alpha_equiv),
            CASE WHEN t.unit_kind = 'D' THEN a.period * t.tf_qty ELSE 1 END, false, t.unit_kind = 'D'
        FROM ema_alpha AS a INNER JOIN dim_timeframe AS t ON t.tf = a.tf
        ORDER BY alpha DESC, tf, by_bars
    LOOP
        IF v_series.by_bars AND v_series.tf <> '1D' THEN
            SELECT array_agg(b.close ORDER BY b.bar_seq), array_agg(b.time_close ORDER BY b.bar_seq)
            INTO v_closes, v_times
            FROM bars AS b WHERE b.id = p_id AND b.tf = v_series.tf;
        ELSIF NOT v_series.by_rows THEN
            -- Day space of calendar bars begins with their bar space: its seed, then every day after it.
            SELECT b.last_row, b.mean INTO v_seed FROM (
                SELECT
                    o.last_row, row_number() OVER w AS n, (0.0::float8 + sum(o.close) OVER w)
                        / row_number() OVER w AS mean
                FROM bars AS o WHERE o.id = p_id AND o.tf = v_series.tf AND o.is_closed
                WINDOW w AS (ORDER BY o.bar_seq ROWS UNBOUNDED PRECEDING)
            ) AS b
            WHERE b.n = v_series.period;
            CONTINUE WHEN v_seed IS NULL;
            SELECT
                array_agg(CASE WHEN d.bar_seq = v_seed.last_row THEN v_seed.mean ELSE d.close END
                    ORDER BY d.bar_seq),
                array_agg(d."timestamp" ORDER BY d.bar_seq)
            INTO v_closes, v_times
            FROM cmc_price_bars_1d AS d WHERE d.id = p_id AND d.bar_seq >= v_seed.last_row;
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
