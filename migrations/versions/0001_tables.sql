-- Tables of the first release. Every table of an asset has id first in its key.
CREATE TABLE dim_timeframe (
    tf text PRIMARY KEY,
    label text,
    family text NOT NULL GENERATED ALWAYS AS (timeframe_family(tf)) STORED,
    alignment_type text NOT NULL GENERATED ALWAYS AS (
        CASE WHEN tf LIKE '%D' THEN 'tf_day' ELSE 'calendar' END
    ) STORED,
    base_unit text NOT NULL GENERATED ALWAYS AS (coalesce(substring(tf FROM '^[0-9]+([DWMY])'), '')) STORED,
    tf_qty int NOT NULL GENERATED ALWAYS AS (timeframe_qty(tf)) STORED,
    tf_days_nominal int NOT NULL GENERATED ALWAYS AS (timeframe_nominal_days(tf)) STORED,
    tf_days_min int NOT NULL GENERATED ALWAYS AS (timeframe_least_days(tf)) STORED,
    tf_days_max int NOT NULL GENERATED ALWAYS AS (timeframe_most_days(tf)) STORED,
    calendar_scheme text GENERATED ALWAYS AS (substring(tf FROM '_(US|ISO)$')) STORED,
    calendar_anchor text GENERATED ALWAYS AS (
        CASE substring(tf FROM '^[0-9]+([DWMY])')
            WHEN 'W' THEN CASE WHEN tf LIKE '%\_US' THEN 'WEEK_END' ELSE 'ISO-WEEK' END
            WHEN 'M' THEN CASE substring(tf FROM '^[0-9]+')
                WHEN '1' THEN 'EOM' WHEN '2' THEN 'EOM' WHEN '12' THEN 'EOY' ELSE 'EOQ'
            END
            WHEN 'Y' THEN 'EOY'
        END
    ) STORED,
    week_start text GENERATED ALWAYS AS (
        CASE substring(tf FROM '_(US|ISO)$') WHEN 'US' THEN 'sunday' WHEN 'ISO' THEN 'monday' END
    ) STORED,
    roll_policy text NOT NULL GENERATED ALWAYS AS (
        CASE WHEN tf LIKE '%D' THEN 'multiple_of_tf' ELSE 'calendar_anchor' END
    ) STORED,
    has_roll_flag boolean NOT NULL GENERATED ALWAYS AS (true) STORED,
    allow_partial_start boolean NOT NULL GENERATED ALWAYS AS (tf LIKE '%\_CAL\_ANCHOR%') STORED,
    allow_partial_end boolean NOT NULL GENERATED ALWAYS AS (tf LIKE '%\_CAL\_ANCHOR%') STORED,
    is_intraday boolean NOT NULL GENERATED ALWAYS AS (false) STORED,
    is_canonical boolean NOT NULL DEFAULT true,
    display_order int NOT NULL GENERATED ALWAYS AS (timeframe_display_order(tf)) STORED,
    sort_order int,
    description text,
    -- What a timeframe counts: D rows, U weeks from Sunday, I weeks from Monday, M months, Y years.
    unit_kind text NOT NULL GENERATED ALWAYS AS (timeframe_kind(tf)) STORED,
    -- The bars stored together: months and years are shared by the us and the iso family.
    bar_group text NOT NULL GENERATED ALWAYS AS (timeframe_bar_group(tf)) STORED,
    CONSTRAINT timeframe_name_follows_the_grammar CHECK (
        tf ~ '^[1-9][0-9]*(D|W_CAL_(US|ISO)|W_CAL_ANCHOR_(US|ISO)|[MY]_CAL|[MY]_CAL_ANCHOR)$'),
    -- 0 days: the name breaks the grammar, which is the other constraint's matter.
    CONSTRAINT timeframe_is_at_most_100000_days CHECK (timeframe_nominal_days(tf) <= 100000),
    CONSTRAINT anchored_months_divide_the_year CHECK (
        tf !~ '^[0-9]+M_CAL_ANCHOR$' OR substring(tf FROM '^[0-9]+') IN ('1', '2', '3', '4', '6', '12'))
);

CREATE TABLE dim_period (
    period int PRIMARY KEY,
    label text,
    description text,
    CONSTRAINT period_is_1_to_100000 CHECK (period BETWEEN 1 AND 100000)
);

CREATE TABLE ema_alpha (
    tf text NOT NULL REFERENCES dim_timeframe ON DELETE CASCADE,
    period int NOT NULL REFERENCES dim_period ON DELETE CASCADE,
    tf_days int NOT NULL,
    effective_days bigint NOT NULL,
    alpha_bar float8 NOT NULL,
    alpha_day float8 NOT NULL,
    alpha_equiv float8 NOT NULL,
    half_life_bars float8 NOT NULL,
    half_life_days float8 NOT NULL,
    half_life_days_equiv float8 NOT NULL,
    PRIMARY KEY (tf, period),
    CONSTRAINT alpha_follows_its_formula CHECK (
        tf_days = timeframe_nominal_days(tf)
        AND effective_days = period::bigint * tf_days
        AND alpha_bar = 2.0::float8 / (period::float8 + 1.0::float8)
        AND alpha_day = 2.0::float8 / (effective_days::float8 + 1.0::float8)
        AND abs(
            alpha_equiv - (1.0::float8 - power(1.0::float8 - alpha_bar, 1.0::float8 / tf_days::float8))
        ) <= 2.3e-16::float8)
);

CREATE TABLE cmc_price_histories7 (
    id int NOT NULL,
    name text,
    timeopen timestamptz,
    timeclose timestamptz,
    timehigh timestamptz,
    timelow timestamptz,
    "timestamp" timestamptz NOT NULL,
    open float8,
    high float8,
    low float8,
    close float8,
    volume float8,
    marketcap float8,
    source_file text,
    load_ts timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (id, "timestamp")
);

-- What changed in the raw table since the last refresh: one row per asset and writing transaction, so that
-- two loads never wait for each other and a refresh takes only what is committed.
CREATE TABLE raw_changes (
    id int NOT NULL,
    changed_by xid8 NOT NULL,
    dirty_from timestamptz NOT NULL,
    PRIMARY KEY (id, changed_by)
);

CREATE TABLE cmc_price_bars_1d (
    id int NOT NULL,
    "timestamp" timestamptz NOT NULL,
    tf text NOT NULL DEFAULT '1D',
    bar_seq int NOT NULL,
    time_open timestamptz NOT NULL,
    time_close timestamptz NOT NULL,
    time_high timestamptz NOT NULL,
    time_low timestamptz NOT NULL,
    open float8 NOT NULL,
    high float8 NOT NULL,
    low float8 NOT NULL,
    close float8 NOT NULL,
    volume float8,
    market_cap float8,
    is_partial_start boolean NOT NULL DEFAULT false,
    is_partial_end boolean NOT NULL DEFAULT false,
    is_missing_days boolean NOT NULL DEFAULT false,
    repaired_timehigh boolean NOT NULL,
    repaired_timelow boolean NOT NULL,
    src_name text,
    src_file text,
    src_load_ts timestamptz,
    ingested_at timestamptz NOT NULL DEFAULT now(),
    -- Days are read in blocks of 64: what a series needs of a block is computed once.
    block int NOT NULL GENERATED ALWAYS AS ((bar_seq - 1) / 64) STORED,
    PRIMARY KEY (id, "timestamp"),
    -- Renumbering moves many rows in one statement, so the check waits for its end.
    CONSTRAINT cmc_price_bars_1d_bar_seq UNIQUE (id, bar_seq) DEFERRABLE INITIALLY IMMEDIATE
);
CREATE INDEX cmc_price_bars_1d_timestamp ON cmc_price_bars_1d ("timestamp");

CREATE TABLE cmc_price_bars_1d_rejects (
    id int NOT NULL,
    "timestamp" timestamptz NOT NULL,
    tf text NOT NULL DEFAULT '1D',
    reason text NOT NULL,
    time_open timestamptz,
    time_close timestamptz,
    time_high timestamptz,
    time_low timestamptz,
    open float8,
    high float8,
    low float8,
    close float8,
    volume float8,
    market_cap float8,
    src_name text,
    src_file text,
    src_load_ts timestamptz,
    rejected_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (id, "timestamp", reason)
);

-- Also the row that every refresh of the asset locks first.
CREATE TABLE cmc_price_bars_1d_state (
    id int PRIMARY KEY,
    last_src_ts timestamptz,
    last_run_ts timestamptz NOT NULL,
    last_upserted int NOT NULL DEFAULT 0,
    last_repaired_timehigh int NOT NULL DEFAULT 0,
    last_repaired_timelow int NOT NULL DEFAULT 0,
    last_rejected int NOT NULL DEFAULT 0
);

-- One row per bar: its latest snapshot. first_row and last_row are bar_seq of its first and last validated
-- day.
CREATE TABLE bars (
    id int NOT NULL,
    tf text NOT NULL,
    bar_seq int NOT NULL,
    first_row int NOT NULL,
    last_row int NOT NULL,
    days_remaining int NOT NULL,
    missing_start int NOT NULL,
    missing_interior int NOT NULL,
    missing_end int NOT NULL,
    is_closed boolean NOT NULL,
    first_missing_day date,
    last_missing_day date,
    time_open timestamptz NOT NULL,
    time_close timestamptz NOT NULL,
    time_high timestamptz NOT NULL,
    time_low timestamptz NOT NULL,
    open float8 NOT NULL,
    high float8 NOT NULL,
    low float8 NOT NULL,
    close float8 NOT NULL,
    volume float8,
    market_cap float8,
    PRIMARY KEY (id, tf, bar_seq)
) WITH (fillfactor = 95);

-- family is a bar group: one of the five families, or cal / cal_anchor for the months and years that two
-- families share.
CREATE TABLE bars_state (
    id int NOT NULL,
    family text NOT NULL,
    tz text NOT NULL,
    tfs text[] NOT NULL,
    first_ts timestamptz NOT NULL,
    last_ts timestamptz NOT NULL,
    n_rows int NOT NULL,
    dirty_from timestamptz,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (id, family)
);

-- Timeframes that a refresh of some timeframes left behind the rest of their group.
CREATE TABLE bars_pending (
    id int NOT NULL,
    tf text NOT NULL,
    family text NOT NULL,
    dirty_from timestamptz NOT NULL,
    first_ts timestamptz NOT NULL,
    last_ts timestamptz NOT NULL,
    PRIMARY KEY (id, tf)
);

-- One vector per bar, ordered by period; as long as periods are seeded. An N-day row serves two variants:
-- bar_space is that of multi_tf, day_space that of multi_tf_v2; NULL: the variant wasn't refreshed here.
CREATE TABLE emas (
    id int NOT NULL,
    tf text NOT NULL,
    bar_seq int NOT NULL,
    n_closed int NOT NULL,
    bar_space float8[],
    day_space float8[],
    -- Only while the bar is forming: bar_space of the closed bar before it, the anchor of the next step.
    anchor float8[],
    PRIMARY KEY (id, tf, bar_seq)
) WITH (fillfactor = 95);

-- The vectors two days before each block of 64 days: a read walks over one block, however long its bar is.
CREATE TABLE emas_at_blocks (
    id int NOT NULL,
    tf text NOT NULL,
    block int NOT NULL,
    bar_space float8[],
    day_space float8[],
    PRIMARY KEY (id, tf, block)
);

-- variant is one of the six, or cal / cal_anchor for the shared months and years. dirty_from: closes changed
-- from here on; hidden_from: rows from here on aren't shown until the next refresh.
CREATE TABLE emas_state (
    id int NOT NULL,
    variant text NOT NULL,
    -- That of calendar bars; NULL for N-day ones, which count rows.
    tz text,
    tfs text[] NOT NULL,
    periods int[] NOT NULL,
    first_ts timestamptz NOT NULL,
    last_ts timestamptz NOT NULL,
    n_rows int NOT NULL,
    series int NOT NULL,
    dirty_from timestamptz,
    hidden_from timestamptz,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (id, variant)
);

-- Timeframes that a refresh of some timeframes left behind the rest of their variant, as they stand.
CREATE TABLE emas_pending (
    id int NOT NULL,
    variant text NOT NULL,
    tf text NOT NULL,
    periods int[] NOT NULL,
    dirty_from timestamptz NOT NULL,
    hidden_from timestamptz NOT NULL,
    first_ts timestamptz NOT NULL,
    last_ts timestamptz NOT NULL,
    PRIMARY KEY (id, variant, tf)
);

-- What loads and refreshes did; the driver's own log, so it belongs to no asset.
CREATE TABLE runs (
    run_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    command text NOT NULL,
    options jsonb NOT NULL DEFAULT '{}',
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    finished_at timestamptz,
    outcome text NOT NULL DEFAULT 'running',
    run_by text NOT NULL DEFAULT session_user,
    host text,
    backend int NOT NULL DEFAULT pg_backend_pid(),
    version text,
    assets int,
    changed int,
    failed int,
    -- An element per stage and action: assets, days, seconds. What the next estimate is made of.
    work jsonb,
    error text,
    CONSTRAINT outcome_is_known CHECK (outcome IN ('running', 'done', 'failed', 'interrupted'))
);
CREATE INDEX runs_started_at ON runs (started_at);
