-- resolve_variant: the name of a variant of EMAs.
--   p_variant   multi_tf, multi_tf_v2, cal_us, cal_iso, cal_anchor_us, cal_anchor_iso, or the
--               alignment_source of one
-- Returns   the name.
-- Errors    TA002 for any other.   Cost  constant.
-- Rule      multi_tf_cal_us and cal_us are one variant.
CREATE OR REPLACE FUNCTION resolve_variant(p_variant text)
RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path FROM CURRENT
AS $$
DECLARE
    v_variant text;
BEGIN
    SELECT x.variant INTO v_variant
    FROM taxonomy() AS x WHERE p_variant IN (x.variant, x.alignment_source) ORDER BY x.ordinal LIMIT 1;
    IF FOUND THEN
        RETURN v_variant;
    END IF;
    RAISE EXCEPTION USING
        ERRCODE = 'TA002',
        MESSAGE = format('unknown variant %s', coalesce(quote_literal(p_variant), 'NULL')),
        DETAIL = format('Variants are %s.', (
            SELECT string_agg(v.variant, ', ' ORDER BY v.first)
            FROM (SELECT x.variant, min(x.ordinal) AS first FROM taxonomy() AS x GROUP BY x.variant) AS v)),
        HINT = 'Name one of them.';
END;
$$;
