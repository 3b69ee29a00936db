-- taxonomy: what there is of bars and EMAs: a row per variant of EMAs and group of bars that it reads.
-- Returns   ordinal: order in listings and of building; variant: name of the EMAs, alignment_source: in
--           cmc_ema_multi_tf_u; family: bars as people name them, whose groups are the rows with variant =
--           family; bar_group, ema_group: what is stored and refreshed together; tf_pattern: timeframes of
--           the group; in_bar_space, in_day_space: which vectors of emas the variant needs; ema_space: which
--           of them it shows as ema; alpha_closes, alpha_inside: column of ema_alpha for the step from close
--           to close, and for a day inside a bar; previews: anchored (from the last closed bar) or chained
--           (from the day before).
-- Errors    none.   Cost  constant; inlined.
-- Rule      the one place of this knowledge: what needs it joins it. Months and years don't depend on the
--           week's start, so two families share their bars and two variants their vectors.
CREATE OR REPLACE FUNCTION taxonomy()
RETURNS TABLE (
    ordinal int, variant text, alignment_source text, family text, bar_group text, ema_group text,
    tf_pattern text, in_bar_space boolean, in_day_space boolean, ema_space text, alpha_closes text,
    alpha_inside text, previews text)
LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 10
BEGIN ATOMIC
SELECT * FROM (VALUES
(1, 'multi_tf', 'multi_tf', 'multi_tf', 'multi_tf', 'multi_tf',
    '^[0-9]+D$', true, false, 'bar', 'alpha_bar', 'alpha_bar', 'anchored'),
(2, 'multi_tf_v2', 'multi_tf_v2', 'multi_tf', 'multi_tf', 'multi_tf_v2',
    '^[0-9]+D$', false, true, 'day', 'alpha_day', 'alpha_day', 'chained'),
(3, 'cal_us', 'multi_tf_cal_us', 'cal_us', 'cal_us', 'cal_us',
    '^[0-9]+W_CAL_US$', true, true, 'day', 'alpha_bar', 'alpha_day', 'chained'),
(4, 'cal_us', 'multi_tf_cal_us', 'cal_us', 'cal', 'cal',
    '^[0-9]+[MY]_CAL$', true, true, 'day', 'alpha_bar', 'alpha_day', 'chained'),
(5, 'cal_iso', 'multi_tf_cal_iso', 'cal_iso', 'cal_iso', 'cal_iso',
    '^[0-9]+W_CAL_ISO$', true, true, 'day', 'alpha_bar', 'alpha_day', 'chained'),
(6, 'cal_iso', 'multi_tf_cal_iso', 'cal_iso', 'cal', 'cal',
    '^[0-9]+[MY]_CAL$', true, true, 'day', 'alpha_bar', 'alpha_day', 'chained'),
(7, 'cal_anchor_us', 'multi_tf_cal_anchor_us', 'cal_anchor_us', 'cal_anchor_us', 'cal_anchor_us',
    '^[0-9]+W_CAL_ANCHOR_US$', true, true, 'day', 'alpha_bar', 'alpha_equiv', 'chained'),
(8, 'cal_anchor_us', 'multi_tf_cal_anchor_us', 'cal_anchor_us', 'cal_anchor', 'cal_anchor',
    '^[0-9]+[MY]_CAL_ANCHOR$', true, true, 'day', 'alpha_bar', 'alpha_equiv', 'chained'),
(9, 'cal_anchor_iso', 'multi_tf_cal_anchor_iso', 'cal_anchor_iso', 'cal_anchor_iso', 'cal_anchor_iso',
    '^[0-9]+W_CAL_ANCHOR_ISO$', true, true, 'day', 'alpha_bar', 'alpha_equiv', 'chained'),
(10, 'cal_anchor_iso', 'multi_tf_cal_anchor_iso', 'cal_anchor_iso', 'cal_anchor', 'cal_anchor',
    '^[0-9]+[MY]_CAL_ANCHOR$', true, true, 'day', 'alpha_bar', 'alpha_equiv', 'chained')
) AS t (ordinal, variant, alignment_source, family, bar_group, ema_group, tf_pattern, in_bar_space,
    in_day_space, ema_space, alpha_closes, alpha_inside, previews);
END;
