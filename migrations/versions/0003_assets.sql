-- What is known of an asset whoever loaded it: how people call it, and its clock. The zone and the calendar
-- of an asset stand here and nowhere else; states say with which ones something was built.
CREATE TABLE assets (
    id int PRIMARY KEY,
    symbol text UNIQUE,
    name text,
    calendar text,
    tz text,
    basis text,
    note text,
    created_at timestamptz NOT NULL DEFAULT now(),
    -- 1 to 64 printable characters that no list, option or number can be taken for.
    CONSTRAINT symbol_is_a_symbol CHECK (
        symbol ~ '^[^[:space:][:cntrl:],@''"`]{1,64}$' AND symbol !~ '^[#-]' AND symbol !~ '^[0-9]+$'
        AND lower(symbol) NOT IN ('all', 'none')),
    CONSTRAINT basis_is_known CHECK (basis IN ('traded', 'splits', 'total'))
);

-- Every asset that there is, with the zone that its bars were built with.
INSERT INTO assets (id, tz)
SELECT k.id, nullif(min(k.tz), 'America/New_York')
FROM (
    SELECT h.id, NULL AS tz FROM cmc_price_histories7 AS h
    UNION ALL SELECT d.id, NULL FROM cmc_price_bars_1d AS d
    UNION ALL SELECT d.id, NULL FROM cmc_price_bars_1d_state AS d
    UNION ALL SELECT s.id, s.tz FROM bars_state AS s
    UNION ALL SELECT e.id, e.tz FROM emas_state AS e
) AS k
GROUP BY k.id;

-- The local day as the source names it. NULL: the source knows stamps only.
ALTER TABLE cmc_price_histories7 ADD COLUMN local_day date;
ALTER TABLE cmc_price_bars_1d ADD COLUMN local_day date;
ALTER TABLE cmc_price_bars_1d_rejects ADD COLUMN local_day date;

-- Relations of one's own that prices are taken from, as they were saved.
CREATE TABLE price_sources (
    name text PRIMARY KEY,
    relation text NOT NULL,
    columns jsonb NOT NULL DEFAULT '{}',
    options jsonb NOT NULL DEFAULT '{}'
);

-- What a person has looked at and found right: audits are silent about it.
CREATE TABLE accepted_findings (
    id int NOT NULL,
    "check" text NOT NULL,
    first_day date NOT NULL DEFAULT '-infinity',
    last_day date NOT NULL DEFAULT 'infinity',
    note text,
    PRIMARY KEY (id, "check", first_day, last_day),
    CONSTRAINT accepted_days_are_in_order CHECK (first_day <= last_day)
);
