-- usual_day_text: a day as some programs print it, put as others write it.
--   p_text   Tue Jan 30 00:00:00 EST 2024, 2024年1月30日, 2024- 01- 30, 113/01/30, 1.7065728E+12,
--            2.0240130E7, or anything else
-- Returns   Jan 30 2024 00:00:00EST, 2024-1-30, 2024-01-30, 2024/01/30, 1706572800000, 20240130; what has
--           none of these forms as it is.
-- Errors    none.   Cost  microseconds.
-- Rule      a count in powers of ten needs all the digits of a whole day, else it was rounded and names none.
--           A year of three digits counts from 1911, as Taiwan's do.
CREATE OR REPLACE FUNCTION usual_day_text(p_text text)
RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN p_text ~ '^(1\.9|2\.[01])[0-9]{5,}[eE][+]?0?7$' THEN trunc(p_text::numeric)::text
    WHEN p_text ~ '^[0-9]\.[0-9]{4,}[eE][+]?[0-9]{1,2}$'
        THEN CASE WHEN p_text::numeric % 86400 = 0 THEN trunc(p_text::numeric)::text ELSE p_text END
    WHEN p_text ~ '^[0-9]{4}[年년]'
        THEN regexp_replace(
            p_text, '^([0-9]{4})[年년] *([0-9]{1,2})[月월] *([0-9]{1,2})[日일]', '\1-\2-\3')
    WHEN p_text ~ '^民[國国] ?[0-9]{2,3}年|^1[0-9]{2}[年/.-]'
        THEN concat(
            substring(p_text, '[0-9]+')::int + 1911,
            translate(regexp_replace(p_text, '^[^0-9]*[0-9]+', ''), '年月日', '--'))
    WHEN p_text ~ '^[0-9]{4}([-/.]) +[0-9]{1,2}\1' THEN regexp_replace(p_text, '([-/.]) +', '\1', 'g')
    ELSE regexp_replace(p_text,
        '^(?:[[:alpha:]]{3},? +)?([[:alpha:]]{3,9}) +([0-9]{1,2}) +([0-9:]{5,8})'
        '(?: +([A-Z]{3,4}))? +([0-9]{4})$',
        '\1 \2 \5 \3\4')
END;
