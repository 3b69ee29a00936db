-- check_timeframes: refuse timeframes that a family doesn't have, and a catalogue that nothing can be built
--   from.
--   p_family   a family, 1d or all (an EMA variant's name counts as its family)
--   p_tfs      names to check; NULL: none
-- Errors    TA002 unknown timeframe or one of another family, TA004 an empty list, TA020 1D missing or not
--           canonical.
-- Cost      the catalogue, once.
-- Rule      a name is compared exactly; with all, any family may have it.
CREATE OR REPLACE FUNCTION check_timeframes(p_family text, p_tfs text[])
RETURNS void
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
DECLARE
    v_tf text;
    v_near text;
    -- A family's name is that of a variant too.
    v_groups text[] := ARRAY(SELECT x.bar_group FROM taxonomy() AS x WHERE x.variant = p_family);
BEGIN
    PERFORM 1 FROM dim_timeframe AS t WHERE t.tf = '1D' AND t.is_canonical;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING
            ERRCODE = 'TA020', MESSAGE = 'dim_timeframe has no canonical 1D',
            DETAIL = 'Every family is built from the validated days, the timeframe 1D.',
            HINT = 'INSERT INTO dim_timeframe (tf) VALUES (''1D''), or set its is_canonical to true.';
    END IF;
    IF p_tfs IS NULL THEN
        RETURN;
    END IF;
    IF cardinality(p_tfs) = 0 THEN
        RAISE EXCEPTION USING
            ERRCODE = 'TA004', MESSAGE = 'empty list of timeframes',
            DETAIL = 'p_tfs names at least one timeframe.', HINT = 'Leave it out to mean all.';
    END IF;
    SELECT u.tf INTO v_tf FROM unnest(p_tfs) AS u (tf)
    WHERE NOT EXISTS (
        SELECT 1 FROM dim_timeframe AS t
        WHERE t.tf = u.tf AND CASE
            WHEN p_family = 'all' THEN true
            WHEN p_family = '1d' THEN t.tf = '1D'
            ELSE t.bar_group = ANY(v_groups)
        END)
    LIMIT 1;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    SELECT string_agg(n.tf, ', ') INTO v_near FROM (
        SELECT t.tf FROM dim_timeframe AS t
        WHERE p_family = 'all' OR t.bar_group = ANY(v_groups)
        ORDER BY
            substring(t.tf FROM '[DWMY]') IS DISTINCT FROM substring(upper(v_tf) FROM '[DWMY]'),
            abs(t.tf_qty - coalesce(substring(v_tf FROM '^[0-9]{1,6}')::int, 1)), t.display_order
        LIMIT 3) AS n;
    RAISE EXCEPTION USING
        ERRCODE = 'TA002',
        MESSAGE = format(
            'unknown timeframe %s%s',
            coalesce(quote_literal(v_tf), 'NULL'),
            CASE WHEN p_family <> 'all' THEN ' of family ' || p_family END),
        DETAIL = 'dim_timeframe lists the timeframes of each family.',
        HINT = format('The nearest are: %s', coalesce(v_near, 'none'));
END;
$$;
