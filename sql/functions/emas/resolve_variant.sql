-- resolve_variant: the name of a variant of EMAs.
--   p_variant   multi_tf, multi_tf_v2, cal_us, cal_iso, cal_anchor_us, cal_anchor_iso, or the
--               alignment_source of one
-- Returns   the name.
-- Errors    TA002 for any other.   Cost  constant.
-- Rule      multi_tf_cal_us and cal_us are one variant.
CREATE OR REPLACE FUNCTION resolve_variant(p_variant text)
RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$
BEGIN
    IF p_variant IN ('multi_tf', 'multi_tf_v2', 'cal_us', 'cal_iso', 'cal_anchor_us', 'cal_anchor_iso') THEN
        RETURN p_variant;
    END IF;
    IF p_variant IN ('multi_tf_cal_us', 'multi_tf_cal_iso', 'multi_tf_cal_anchor_us',
        'multi_tf_cal_anchor_iso') THEN
        RETURN substr(p_variant, 10);
    END IF;
    RAISE EXCEPTION USING
        ERRCODE = 'TA002',
        MESSAGE = format('unknown variant %s', coalesce(quote_literal(p_variant), 'NULL')),
        DETAIL = 'Variants are multi_tf, multi_tf_v2, cal_us, cal_iso, cal_anchor_us and cal_anchor_iso.',
        HINT = 'Name one of them.';
END;
$$;
