-- Note one file: what the driver found out about it.
INSERT INTO price_files (
    file, shown, source_file, roles, stamp, basis, one_price, decimal_sign, usual_sign, unknown, units,
    day_order, yymmdd, day_format, plain, adjusted, hint, delimiter, volume_factor, has_symbol, has_id)
VALUES (
    %(file)s, %(shown)s, %(source_file)s, %(roles)s, %(stamp)s, %(basis)s, %(one_price)s,
    %(decimal)s, %(usual_decimal)s, %(unknown)s, %(units)s::jsonb, %(order)s, %(yymmdd)s,
    %(day_format)s, %(plain)s, %(adjusted)s, %(hint)s, %(delimiter)s,
    power(10::float8, %(volume_power)s),
    'symbol' = ANY(%(roles)s), 'id' = ANY(%(roles)s))
