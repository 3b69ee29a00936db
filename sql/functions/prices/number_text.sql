-- number_text: a number as a file writes it, as text that the server casts to a number.
--   p_text      what stands in the file: 1.234,5, $1,234.50, 1.2K, (12), 3 %, ..
--   p_decimal   the sign before the fraction, '.' or ','
--   p_unknown   what means unknown, in lower case
--   p_units     units behind a number in upper case, and their powers of ten
-- Returns   a literal of float8; NULL where the text means unknown; '?' where it is no number.
-- Errors    none.   Cost  a microsecond for plain numbers, ten for others.
-- Rule      the other sign, blanks and apostrophes group thousands; brackets mean minus.
CREATE OR REPLACE FUNCTION number_text(p_text text, p_decimal text, p_unknown text[], p_units jsonb)
RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path FROM CURRENT
AS $$
DECLARE
    v_text text := p_text;
    v_parts text[];
BEGIN
    IF p_text IS NULL OR p_text ~ '^-?[0-9]{1,40}$'
        OR p_decimal = '.' AND p_text ~ '^-?[0-9]{1,40}\.[0-9]{1,59}$'
    THEN
        RETURN p_text;
    END IF;
    v_text := btrim(
        translate(v_text, concat(chr(160), chr(8239), chr(8201), chr(8722), chr(8217)), '   -'''));
    IF lower(v_text) = ANY (p_unknown) OR v_text = '' THEN
        RETURN NULL;
    END IF;
    IF v_text ~* '^[+-]?inf(inity)?$' THEN
        RETURN v_text;
    END IF;
    -- Sign and brackets, money, digits, exponent, unit.
    v_parts := regexp_match(v_text,
        '^(\()?(?:[A-Z]{2,3}\$?|[$€£¥₹₽฿₩]|R\$)? ?([+-])? ?(?:[$€£¥₹₽฿₩]|R\$)? ?'
        '([0-9][0-9.,'' ]*|[.,][0-9]+)([eE][+-]?[0-9]{1,4})? ?'
        '([[:alpha:]%]{1,6}\.?|[€£¥₹₽$])?(\))?$');
    IF v_parts IS NULL OR length(v_text) > 100 OR (v_parts[1] IS NULL) <> (v_parts[6] IS NULL)
        OR v_parts[1] IS NOT NULL AND v_parts[2] IS NOT NULL
    THEN
        RETURN '?';
    END IF;
    v_text := btrim(v_parts[3]);
    v_text := CASE WHEN p_decimal = ',' THEN translate(v_text, '.,', ',.') ELSE v_text END;
    IF v_text !~ '^([0-9]+|[1-9][0-9]{0,2}([,'' ][0-9]{2,3})*[,'' ][0-9]{3})?(\.[0-9]*)?$' THEN
        RETURN '?';
    END IF;
    v_text := concat(CASE WHEN v_parts[1] IS NOT NULL THEN '-' ELSE v_parts[2] END,
        translate(v_text, ','' ', ''), v_parts[4]);
    IF v_parts[5] IS NULL OR v_parts[5] ~ '[€£¥₹₽$]' THEN
        RETURN v_text;
    END IF;
    IF v_parts[4] IS NOT NULL OR NOT p_units ? upper(rtrim(v_parts[5], '.')) THEN
        RETURN '?';
    END IF;
    RETURN v_text || 'e' || (p_units ->> upper(rtrim(v_parts[5], '.')));
END;
$$;
