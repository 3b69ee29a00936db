-- check_family: refuse a family of bars that there isn't.
--   p_family   a family, 1d or all
-- Returns   nothing.
-- Errors    TA002.   Cost  constant.   Rule  a name is compared exactly.
CREATE OR REPLACE FUNCTION check_family(p_family text)
RETURNS void
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
BEGIN
    IF p_family IN ('1d', 'all') OR EXISTS (
        SELECT 1 FROM taxonomy() AS x WHERE x.variant = x.family AND x.family = p_family)
    THEN
        RETURN;
    END IF;
    RAISE EXCEPTION USING
        ERRCODE = 'TA002',
        MESSAGE = format('unknown family %s', coalesce(quote_literal(p_family), 'NULL')),
        DETAIL = format('Families are 1d, %s and all.', (
            SELECT string_agg(f.family, ', ' ORDER BY f.first) FROM (
                SELECT x.family, min(x.ordinal) AS first FROM taxonomy() AS x GROUP BY x.family) AS f)),
        HINT = 'Name one of them, or all.';
END;
$$;
