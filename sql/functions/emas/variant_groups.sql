-- variant_groups: what a variant of EMAs is made of, in the order in which it is built.
--   p_variant   multi_tf, multi_tf_v2, cal_us, cal_iso, cal_anchor_us or cal_anchor_iso
-- Returns   names as in emas_state.variant: its own, and the months and years that it shares with its twin;
--           NULL for another name.
-- Errors    none.   Cost  constant; inlined.
-- Rule      months and years don't depend on the week's start, so their EMAs are stored once.
CREATE OR REPLACE FUNCTION variant_groups(p_variant text)
RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN p_variant IN ('multi_tf', 'multi_tf_v2') THEN ARRAY[p_variant]
    WHEN p_variant IN ('cal_us', 'cal_iso') THEN ARRAY[p_variant, 'cal']
    WHEN p_variant IN ('cal_anchor_us', 'cal_anchor_iso') THEN ARRAY[p_variant, 'cal_anchor']
END;
