-- check_periods: refuse periods that dim_period doesn't have.
--   p_periods   periods to check; NULL: none
-- Errors    TA003 a period that is no positive number or not in dim_period, TA004 an empty list.
-- Cost      the catalogue, once.
-- Rule      a list asks for at least these periods: vectors always hold all of them.
CREATE OR REPLACE FUNCTION check_periods(p_periods int[])
RETURNS void
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
DECLARE
    v_period int;
BEGIN
    IF p_periods IS NULL THEN
        RETURN;
    END IF;
    IF cardinality(p_periods) = 0 THEN
        RAISE EXCEPTION USING
            ERRCODE = 'TA004', MESSAGE = 'empty list of periods',
            DETAIL = 'p_periods names at least one period.', HINT = 'Leave it out to mean all of dim_period.';
    END IF;
    SELECT u.period INTO v_period FROM unnest(p_periods) AS u (period)
    WHERE NOT EXISTS (SELECT 1 FROM dim_period AS p WHERE p.period = u.period)
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION USING
            ERRCODE = 'TA003',
            MESSAGE = format('unknown period %s', coalesce(v_period::text, 'NULL')),
            DETAIL = 'dim_period lists the periods; a period is 1 to 100000 bars.',
            HINT = format('The nearest are: %s; or add it: INSERT INTO dim_period (period) VALUES (%s);',
                coalesce((
                SELECT string_agg(n.period::text, ', ') FROM (
                    SELECT p.period FROM dim_period AS p ORDER BY abs(p.period::bigint - v_period),
                        p.period LIMIT 3
                ) AS n), 'none'), coalesce(v_period::text, '21'));
    END IF;
END;
$$;
