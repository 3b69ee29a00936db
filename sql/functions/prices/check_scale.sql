-- check_scale: refuse days on another scale than the stored ones that stay.
-- Returns   a row for each asset whose whole stored history comes anew by one factor: id, factor.
-- Errors    TA004 when all days that differ do so by one factor and stored days lie before the first new
--           one.
-- Cost      the days that differ.
-- Rule      open, high, low and close of each differing day have one and the same factor, within a
--           millionth; a file of one price needs three such days. Sources of prices as traded are never
--           rescaled.
CREATE OR REPLACE FUNCTION check_scale()
RETURNS TABLE (id int, factor float8)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
DECLARE
    v_found record;
    v_before date;
BEGIN
    FOR v_found IN
        SELECT c.id, avg(c.close / h.close) AS factor, min(h.day) AS first_day, min(r.first) AS from_ts
        FROM changed_days AS c
        JOIN stored_days AS h ON h.id = c.id AND h."timestamp" = c."timestamp"
        JOIN (
            SELECT d.id, min(n.first) AS first, bool_or(f.one_price) AS one_price,
                bool_or(f.basis = 'traded') AS traded
            FROM price_days AS d
            JOIN price_files AS f ON f.file = d.file
            JOIN read_lines AS n ON n.id = d.id
            GROUP BY d.id
        ) AS r ON r.id = c.id AND r.traded IS NOT TRUE
        WHERE h.close > 0 AND c.close > 0 AND h.close <> c.close
        GROUP BY c.id, r.one_price
        HAVING (NOT r.one_price OR count(*) >= 3)
            AND max(c.close / h.close) - min(c.close / h.close) <= 1e-6 * min(c.close / h.close)
            AND abs(avg(c.close / h.close) - 1) > 1e-4
            AND (r.one_price OR bool_and(
                abs(c.open / nullif(h.open, 0) / (c.close / h.close) - 1) <= 1e-6
                AND abs(c.high / nullif(h.high, 0) / (c.close / h.close) - 1) <= 1e-6
                AND abs(c.low / nullif(h.low, 0) / (c.close / h.close) - 1) <= 1e-6))
        ORDER BY c.id
    LOOP
        SELECT (min(h."timestamp") AT TIME ZONE 'UTC')::date INTO v_before FROM cmc_price_histories7 AS h
        WHERE h.id = v_found.id AND h."timestamp" < v_found.from_ts;
        IF v_before IS NOT NULL THEN
            RAISE EXCEPTION USING
                ERRCODE = 'TA004',
                MESSAGE = format(
                    'the prices differ from the stored ones by one factor, %s: a split or a dividend?',
                    factor_words(v_found.factor)),
                DETAIL = format('asset %s, from %s on; stored days from %s on would keep the old scale',
                    asset_label(v_found.id), v_found.first_day, v_before),
                HINT = 'Load the whole history of the asset; nothing was loaded.';
        END IF;
        id := v_found.id;
        factor := v_found.factor;
        RETURN NEXT;
    END LOOP;
END;
$$;
