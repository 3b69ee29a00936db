-- Helpers of the measurements, in a schema of their own.
CREATE SCHEMA bench;
-- Server time of one statement in seconds, plans of this session reused.
CREATE FUNCTION bench.timed(p_statement text) RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE
    v_started timestamptz := clock_timestamp();
    v_row record;
BEGIN
    FOR v_row IN EXECUTE p_statement LOOP
        NULL;
    END LOOP;
    RETURN extract(epoch FROM clock_timestamp() - v_started);
END;
$$;
-- A real series under another id: other start, other length, other prices.
CREATE FUNCTION bench.repeat_asset(p_source int, p_id int, p_skip int, p_days int, p_factor float8)
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    v_rows bigint;
BEGIN
    INSERT INTO cmc_price_histories7 (id, name, timeopen, timeclose, timehigh, timelow, "timestamp", open, high, low,
        close, volume, marketcap, source_file)
    SELECT p_id, s.name, s.timeopen, s.timeclose, s.timehigh, s.timelow, s."timestamp", s.open * p_factor,
        s.high * p_factor, s.low * p_factor, s.close * p_factor, s.volume, s.marketcap * p_factor, 'benchmark'
    FROM (
        SELECT h.*, row_number() OVER (ORDER BY h."timestamp") AS r FROM cmc_price_histories7 AS h WHERE h.id = p_source
    ) AS s
    WHERE s.r > p_skip AND s.r <= p_skip + p_days;
    GET DIAGNOSTICS v_rows = ROW_COUNT;
    RETURN v_rows;
END;
$$;
-- Days that a measurement adds one by one.
CREATE TABLE bench.held (LIKE cmc_price_histories7);
CREATE FUNCTION bench.hold_back(p_id int, p_days int) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO bench.held SELECT * FROM cmc_price_histories7 AS h WHERE h.id = p_id
    ORDER BY h."timestamp" DESC LIMIT p_days;
    DELETE FROM cmc_price_histories7 AS h USING bench.held AS k
    WHERE h.id = p_id AND k.id = p_id AND h."timestamp" = k."timestamp";
END;
$$;
CREATE FUNCTION bench.next_day(p_ids int[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    WITH taken AS (
        DELETE FROM bench.held AS k WHERE (k.id, k."timestamp") IN (
            SELECT a.id, (SELECT min(h."timestamp") FROM bench.held AS h WHERE h.id = a.id) FROM unnest(p_ids) AS a (id))
        RETURNING k.*
    )
    INSERT INTO cmc_price_histories7 SELECT * FROM taken;
END;
$$;
