-- fits_better: whether another calendar, or other days, fit an asset so much better that it is worth a word.
--   p_rows    how many days the asset has
--   p_now     how many days don't fit now
--   p_other   how many wouldn't
-- Returns   true or false.   Errors  none.   Cost  constant; inlined.
-- Rule      from 60 rows on, when more than 10 don't fit, and the other leaves a tenth of them at most.
CREATE OR REPLACE FUNCTION fits_better(p_rows int, p_now int, p_other int)
RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN p_rows >= 60 AND p_now > 10 AND p_other <= p_now / 10.0;
