-- due_timeframes: the timeframes of a group of bars that a refresh keeps, in the order of the catalogue.
--   p_group   group of bars
--   p_built   timeframes already built for the asset (NULL: none)
--   p_tfs     only these and those built (NULL: all that are due)
--   p_include_non_canonical  timeframes that aren't canonical are due too
--   p_anew    forget what was built: a non-canonical one isn't kept
-- Returns   names without 1D, whose bars are the validated days; an empty array, never NULL.
-- Errors    none.   Cost  the catalogue, once.
-- Rule      what was built stays current until a full rebuild, or until the catalogue drops it.
CREATE OR REPLACE FUNCTION due_timeframes(
    p_group text, p_built text[], p_tfs text[], p_include_non_canonical boolean, p_anew boolean)
RETURNS text[]
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path FROM CURRENT
AS $$
    SELECT coalesce(array_agg(t.tf ORDER BY t.display_order, t.tf), '{}')
    FROM dim_timeframe AS t
    WHERE
        t.bar_group = p_group AND t.tf <> '1D'
        AND (
            (p_tfs IS NULL AND (t.is_canonical OR p_include_non_canonical))
            OR t.tf = ANY(p_tfs)
            OR (t.tf = ANY(p_built) AND NOT p_anew));
$$;
