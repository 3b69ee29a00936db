-- columns: what the tables hold and what every column means, so that \d+ teaches.
-- Rule      functions and views have their comments from the first sentence of their files. A column has one
--           meaning wherever it appears; where a relation means something else, the row that names it wins.
--           Applied after every change of the schema, so that a new relation is covered at once.
DO $do$
DECLARE
    v_comment record;
BEGIN
    FOR v_comment IN
        SELECT c.oid::regclass AS relation, t.text
        FROM (VALUES
        ('dim_timeframe', 'the catalogue of timeframes; add a row and the next refresh builds it'),
        ('dim_period', 'the catalogue of EMA periods; add a row and the next refresh computes it'),
        ('ema_alpha', 'smoothing factors of every timeframe and period; definitions, not settings'),
        ('cmc_price_histories7', 'raw days as loaded, one row per asset and day; write here, then refresh'),
        ('raw_changes', 'what changed in the raw days since the last refresh'),
        ('cmc_price_bars_1d', 'validated days: repaired where that is possible, numbered without gaps'),
        ('cmc_price_bars_1d_rejects', 'raw days that failed validation, each with its reason'),
        ('cmc_price_bars_1d_state', 'what the last refresh of the validated days did, one row per asset'),
        ('bars', 'one row per bar of every timeframe, as it stands after its newest day'),
        ('bars_state', 'what bars are built of, one row per asset and group of timeframes'),
        ('bars_pending', 'timeframes that a refresh of some left behind the rest of their group'),
        ('emas', 'one vector of EMAs per bar, an element per period; read the cmc_ema_ relations instead'),
        ('emas_at_blocks', 'vectors at every 64th day, so that a read starts nearby; part of emas'),
        ('emas_state', 'what EMAs are built of, one row per asset and variant'),
        ('emas_pending', 'timeframes that a refresh of some left behind the rest of their variant'),
        ('runs', 'what loads and refreshes did: who, when, how long, with which outcome'),
        ('ta_lab2_version', 'the revision of the tables; the next ta-lab2 migrate reads it')
        ) AS t (name, text)
        INNER JOIN pg_class AS c ON c.oid = to_regclass(quote_ident(t.name))
        WHERE c.relnamespace = (SELECT n.oid FROM pg_namespace AS n WHERE n.nspname = current_schema())
    LOOP
        EXECUTE format('COMMENT ON TABLE %s IS %L', v_comment.relation, v_comment.text);
    END LOOP;

    FOR v_comment IN
        WITH texts (relations, name, text) AS (VALUES
        -- what a row is about
        ('.*', 'id', 'asset id'),
        ('.*', 'tf', 'timeframe: 7D, 1W_CAL_US, 3M_CAL, 1Y_CAL_ANCHOR and so on (dim_timeframe)'),
        ('.*', 'tf_days', 'nominal length of the timeframe in days: n, 7n, 30n, 365n'),
        ('.*', 'bar_seq',
            'number of the bar, from 1 for the asset''s first; calendar bars without a day leave holes'),
        ('cmc_price_bars_1d', 'bar_seq', 'number of the validated day, from 1 without gaps'),
        ('.*', 'timestamp', 'close stamp of the newest day in the row; its local day decides the bar'),
        ('cmc_price_(histories7|bars_1d.*)|bars_1d_candidates', 'timestamp',
            'close stamp of the day: its identity, order and local day'),
        ('.*', 'family', 'families that read the timeframe, with | between them'),
        ('bars_(state|pending)', 'family',
            'group of bars: a family, or cal and cal_anchor for months and years that two families share'),
        -- raw days
        ('.*', 'name', 'name of the asset as the source spells it; for people'),
        ('.*', 'timeopen', 'first instant of the day'),
        ('.*', 'timeclose', 'last instant of the day'),
        ('.*', 'timehigh', 'when the high was traded; NULL: unknown'),
        ('.*', 'timelow', 'when the low was traded; NULL: unknown'),
        ('.*', 'marketcap', 'market capitalisation; NULL: unknown'),
        ('.*', 'source_file', 'file that the row came from'),
        ('.*', 'load_ts', 'when a load last changed the row'),
        ('.*', 'changed_by', 'transaction that changed raw days of the asset'),
        -- prices
        ('.*', 'time_open', 'start of the bar: 1 ms after the close stamp of the day before it'),
        ('.*', 'time_close', 'close stamp of the newest day in the bar'),
        ('cmc_price_bars_1d.*|bars_1d_candidates', 'time_open', 'first instant of the day'),
        ('cmc_price_bars_1d.*|bars_1d_candidates', 'time_close', 'last instant of the day'),
        ('.*', 'time_high', 'when the high was first traded'),
        ('.*', 'time_low', 'when the low was first traded'),
        ('.*', 'open', 'first price'),
        ('.*', 'high', 'highest price'),
        ('.*', 'low', 'lowest price'),
        ('.*', 'close', 'last price'),
        ('.*', 'volume', 'volume, added in time order; NULL: unknown'),
        ('.*', 'market_cap', 'market capitalisation, the last one known in the bar; NULL: unknown'),
        ('.*', 'repaired_timehigh', 'time_high, perhaps with its price, was replaced by validation'),
        ('.*', 'repaired_timelow', 'time_low, perhaps with its price, was replaced by validation'),
        ('.*', 'reason', 'why the day failed validation; NULL: it did not'),
        ('.*', 'src_name', 'name in the raw row'),
        ('.*', 'src_file', 'source_file of the raw row'),
        ('.*', 'src_load_ts', 'load_ts of the raw row'),
        ('.*', 'raw_open', 'open as loaded'),
        ('.*', 'raw_high', 'high as loaded'),
        ('.*', 'raw_low', 'low as loaded'),
        ('.*', 'raw_close', 'close as loaded'),
        ('.*', 'raw_volume', 'volume as loaded'),
        ('.*', 'raw_market_cap', 'market capitalisation as loaded'),
        ('.*', 'raw_time_high', 'time of the high as loaded'),
        ('.*', 'raw_time_low', 'time of the low as loaded'),
        ('.*', 'ingested_at', 'when the content of the row last changed'),
        ('.*', 'rejected_at', 'when validation refused the day'),
        ('.*', 'block', 'number of the block of 64 days, from 0'),
        -- snapshots
        ('.*', 'bar_group', 'group that the bars are stored in: a family, or cal and cal_anchor'),
        ('.*', 'bar_anchor_offset',
            'days from the start of the window of bar 1 to that of this bar; anchored bars only'),
        ('.*', 'last_ts_half_open', 'time_close + 1 ms: the end for ranges that exclude their end'),
        ('.*', 'pos_in_bar', 'number of the day within its bar, from 1, counting days that exist'),
        ('.*', 'is_partial_start', 'the bar begins after its window: the asset is younger'),
        ('.*', 'is_partial_end', 'the bar is still forming on that day; false: it is closed'),
        ('cmc_price_bars_1d', 'is_partial_start', 'always false: a day is whole'),
        ('cmc_price_bars_1d', 'is_partial_end', 'always false: a day is whole'),
        ('cmc_price_bars_1d', 'is_missing_days', 'always false: a day is whole'),
        ('.*', 'count_days', 'days of the bar that exist so far'),
        ('.*', 'count_days_remaining', 'days still to come; N-day bars: rows still to come'),
        ('.*', 'is_missing_days', 'days of the bar so far are missing'),
        ('.*', 'count_missing_days', 'days of the bar so far that do not exist'),
        ('.*', 'count_missing_days_start', 'missing days before the first one'),
        ('.*', 'count_missing_days_end', 'missing days after the last one, once the bar is closed'),
        ('.*', 'count_missing_days_interior', 'missing days between two that exist'),
        ('.*', 'missing_days_where',
            'start, interior, end: the parts with missing days; NULL: none is missing'),
        ('.*', 'first_missing_day', 'first missing local day; NULL: none'),
        ('.*', 'last_missing_day', 'last missing local day; NULL: none'),
        -- bars as stored
        ('bars', 'first_row', 'bar_seq of the first validated day of the bar'),
        ('bars', 'last_row', 'bar_seq of the newest validated day of the bar'),
        ('bars', 'days_remaining', 'days still to come; 0: closed; N-day bars: rows still to come'),
        ('bars', 'missing_start', 'missing days before the first one'),
        ('bars', 'missing_interior', 'missing days between two that exist'),
        ('bars', 'missing_end', 'missing days after the last one'),
        ('bars', 'is_closed', 'the last day of the window, or a later bar, has been seen'),
        -- watermarks
        ('.*', 'tz', 'time zone whose days the asset''s bars are made of'),
        ('.*', 'tfs', 'timeframes built'),
        ('.*', 'first_ts', '"timestamp" of the first validated day it was built from'),
        ('.*', 'last_ts', '"timestamp" of the newest validated day it was built from'),
        ('.*', 'n_rows', 'number of validated days it was built from'),
        ('built_timeframes', 'is_anchored', 'windows lie where the calendar puts them'),
        ('built_timeframes', 'settled', 'nothing of it waits for a refresh'),
        ('.*', 'series', 'number of (timeframe, period) that have rows'),
        ('.*', 'dirty_from',
            'the next refresh starts here: "timestamp" of the earliest change; NULL: nothing to do'),
        ('.*', 'hidden_from', 'EMA rows from here on wait for the next refresh; NULL: all are shown'),
        ('.*', 'updated_at', 'when this last changed'),
        ('.*', 'daily_min_seen', '"timestamp" of the first validated day it was built from'),
        ('.*', 'daily_max_seen', '"timestamp" of the newest validated day it was built from'),
        ('.*', 'last_bar_seq', 'number of the newest bar, the forming one included'),
        ('cmc_ema_.*', 'last_bar_seq', 'number of the newest closed bar'),
        ('.*', 'last_time_close', 'time_close of the newest bar'),
        ('cmc_ema_.*', 'last_time_close', 'time_close of the newest closed bar'),
        ('.*', 'last_canonical_ts', 'ts of the newest canonical row: the close of the newest closed bar'),
        ('.*', 'last_src_ts', 'newest "timestamp" that validation has looked at'),
        ('.*', 'last_run_ts', 'start of the last refresh that wrote days of the asset'),
        ('.*', 'last_upserted', 'days that it wrote'),
        ('.*', 'last_repaired_timehigh', 'of these, with repaired_timehigh'),
        ('.*', 'last_repaired_timelow', 'of these, with repaired_timelow'),
        ('.*', 'last_rejected', 'days that it refused'),
        -- EMAs
        ('.*', 'alignment_source', 'variant of the EMA: multi_tf, multi_tf_v2, multi_tf_cal_us and so on'),
        ('.*', 'variant', 'variant of the EMA; cal and cal_anchor: months and years that two variants share'),
        ('.*', 'ts', '"timestamp" of the validated day'),
        ('.*', 'period', 'period of the EMA, in bars of the timeframe'),
        ('.*', 'periods', 'periods of the EMAs, ascending'),
        ('.*', 'roll',
            'true: a preview while the bar is forming; false: canonical, the bar closed on this day'),
        ('.*', 'ema',
            'the EMA: multi_tf previews step from the last canonical value, other variants from day to day'),
        ('.*', 'emas', 'EMAs of the day, in the order of the periods'),
        ('.*', 'd1', 'ema - ema of the previous canonical row; NULL on previews'),
        ('.*', 'd2', 'd1 - d1 of the previous canonical row; NULL on previews'),
        ('.*', 'd1_roll', 'ema - ema of the previous day'),
        ('.*', 'd2_roll', 'd1_roll - d1_roll of the previous day'),
        ('.*', 'ema_bar', 'the EMA of closed bars, carried on from day to day while the next bar is forming'),
        ('.*', 'roll_bar', 'as roll'),
        ('.*', 'd1_bar', 'd1 of ema_bar'),
        ('.*', 'd2_bar', 'd2 of ema_bar'),
        ('.*', 'd1_roll_bar', 'd1_roll of ema_bar'),
        ('.*', 'd2_roll_bar', 'd2_roll of ema_bar'),
        ('.*', 'n_closed', 'number of closed bars up to here: periods up to it are live'),
        ('.*', 'bar_space', 'EMAs that step from bar to bar, an element per live period, ascending'),
        ('.*', 'day_space', 'EMAs that step from day to day, an element per live period, ascending'),
        ('.*', 'anchor', 'while the bar is forming: bar_space of the closed bar before it'),
        -- catalogues
        ('.*', 'alpha_bar', 'weight of the newest of period bars: 2 / (period + 1)'),
        ('.*', 'alpha_day', 'weight of the newest of effective_days days: 2 / (effective_days + 1)'),
        ('.*', 'alpha_equiv', 'weight whose tf_days steps decay like one step of alpha_bar'),
        ('.*', 'effective_days', 'period in nominal days: period * tf_days'),
        ('.*', 'half_life_bars', 'bars after which a price has half its weight, by alpha_bar'),
        ('.*', 'half_life_days', 'days after which a price has half its weight, by alpha_day'),
        ('.*', 'half_life_days_equiv', 'days after which a price has half its weight, by alpha_equiv'),
        ('.*', 'label', 'name for people'),
        ('.*', 'description', 'what it is, for people'),
        ('dim_timeframe', 'alignment_type',
            'tf_day: bars count days that exist; calendar: bars follow the calendar'),
        ('dim_timeframe', 'base_unit', 'D days, W weeks, M months, Y years'),
        ('.*', 'tf_qty', 'number of units in a bar'),
        ('dim_timeframe', 'tf_days_nominal', 'nominal length in days: n, 7n, 30n, 365n'),
        ('.*', 'tf_days_min', 'fewest days that the window of a closed bar can have'),
        ('.*', 'tf_days_max', 'most days that the window of a closed bar can have'),
        ('dim_timeframe', 'calendar_scheme', 'US: weeks from Sunday; ISO: weeks from Monday; NULL: no weeks'),
        ('dim_timeframe', 'calendar_anchor',
            'where windows end: weeks, months, quarters or years; NULL: counted days'),
        ('dim_timeframe', 'week_start', 'first day of the week; NULL: no weeks'),
        ('dim_timeframe', 'roll_policy',
            'multiple_of_tf: every tf_qty days; calendar_anchor: at ends of the calendar'),
        ('dim_timeframe', 'has_roll_flag', 'its EMAs tell previews from canonical values'),
        ('dim_timeframe', 'allow_partial_start', 'bar 1 may begin within its window: anchored timeframes'),
        ('dim_timeframe', 'allow_partial_end', 'bars may end within their window: anchored timeframes'),
        ('dim_timeframe', 'is_intraday', 'always false: a day is the smallest unit'),
        ('dim_timeframe', 'is_canonical', 'refreshes build it for every asset; false: only when asked for'),
        ('dim_timeframe', 'display_order', 'the order of listings'),
        ('dim_timeframe', 'sort_order', 'an order of your own; nothing reads it'),
        ('.*', 'unit_kind', 'D days, U weeks from Sunday, I weeks from Monday, M months, Y years'),
        -- comparison with the raw days
        ('bars_1d_differing', 'is_loaded', 'its raw day exists'),
        ('bars_1d_differing', 'differs', 'what is stored isn''t what validation gives now'),
        ('bars_1d_differing', 'reject_missing', 'a bad day that isn''t among the rejects'),
        -- the log of runs
        ('runs', 'run_id', 'number of the run'),
        ('runs', 'command', 'load, refresh bars, refresh emas or refresh all'),
        ('runs', 'options', 'options that were not the defaults'),
        ('runs', 'started_at', 'when it began'),
        ('runs', 'finished_at', 'when it ended; NULL: it runs, or died'),
        ('runs', 'outcome', 'running, done, failed or interrupted'),
        ('runs', 'run_by', 'role that ran it'),
        ('runs', 'host', 'machine that ran it'),
        ('runs', 'backend', 'process id of its connection on the server'),
        ('runs', 'version', 'version of ta-lab2 that ran it'),
        ('runs', 'assets', 'assets that it looked at'),
        ('runs', 'changed', 'assets that it wrote something for'),
        ('runs', 'failed', 'assets that failed'),
        ('runs', 'work', 'per stage and action: assets, days and seconds; what estimates are made of'),
        ('runs', 'error', 'what it said when it failed'),
        -- bookkeeping of migrations
        ('ta_lab2_version', 'version_num', 'revision of the tables'),
        ('ta_lab2_objects', 'path', 'file of functions and views that is installed'),
        ('ta_lab2_objects', 'sha256', 'hash of the file as installed'),
        ('ta_lab2_objects', 'position', 'place of the file in the order of installation'),
        ('ta_lab2_objects', 'objects', 'what the file made'),
        ('ta_lab2_objects', 'applied_at', 'when the file was installed')
        )

        SELECT DISTINCT ON (c.oid, a.attnum)
            c.oid::regclass AS relation,
            a.attname AS name,
            t.text
        FROM texts AS t
        INNER JOIN pg_attribute AS a ON a.attname = t.name AND a.attnum > 0 AND NOT a.attisdropped
        INNER JOIN pg_class AS c ON c.oid = a.attrelid AND c.relkind IN ('r', 'p', 'v', 'm')
        WHERE
            c.relnamespace = (SELECT n.oid FROM pg_namespace AS n WHERE n.nspname = current_schema())
            AND c.relname ~ ('^(' || t.relations || ')$')
        ORDER BY c.oid, a.attnum, t.relations = '.*'
    LOOP
        EXECUTE format('COMMENT ON COLUMN %s.%I IS %L', v_comment.relation, v_comment.name, v_comment.text);
    END LOOP;
END;
$do$;
