-- symbol_fault: why a text can't be an asset's symbol.
--   p_symbol   the text
-- Returns   the reason in words; NULL when it can.
-- Errors    none.   Cost  microseconds.
-- Rule      1 to 64 printable characters without blanks, commas, @ and quotes, no leading # or -, not all or
--           none, not digits alone: that is an id.
CREATE OR REPLACE FUNCTION symbol_fault(p_symbol text)
RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN p_symbol IS NULL OR p_symbol = '' THEN 'is empty'
    WHEN length(p_symbol) > 64 THEN 'is longer than 64 characters'
    WHEN p_symbol ~ '^[0-9]+$' THEN 'is digits alone, which would be an id'
    WHEN p_symbol ~ '[[:space:][:cntrl:],@"''`]' THEN 'holds a blank, a comma, @ or a quote'
    WHEN p_symbol ~ '^[#-]' THEN 'begins with # or -'
    WHEN lower(p_symbol) IN ('all', 'none') THEN 'means something else on the command line'
END;
