-- family_groups: the groups of bars that a family reads, in the order in which they are built.
--   p_family   multi_tf, cal_us, cal_iso, cal_anchor_us or cal_anchor_iso
-- Returns   its own group and the months and years that it shares with its twin; NULL for another name.
-- Errors    none.   Cost  constant; inlined.
-- Rule      months and years don't depend on the week's start, so they are stored once.
CREATE OR REPLACE FUNCTION family_groups(p_family text)
RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN p_family IN ('multi_tf', 'multi_tf_v2') THEN ARRAY['multi_tf']
    WHEN p_family IN ('cal_us', 'cal_iso') THEN ARRAY[p_family, 'cal']
    WHEN p_family IN ('cal_anchor_us', 'cal_anchor_iso') THEN ARRAY[p_family, 'cal_anchor']
END;
