-- Leave the lines with a fault out.
DELETE FROM price_rows AS r USING price_faults AS f WHERE f.file = r.file AND f.line = r.line
