-- audit_checks: the catalogue of the audits.
-- Returns   check, severity (the worst that it gives), audit (the function that makes it), meaning; in the
--           order in which prices pass through the stages.
-- Errors    none.   Cost  constant.
-- Rule      a check that stands here finds its defect; the driver takes the names for --check from here.
CREATE OR REPLACE FUNCTION audit_checks()
RETURNS TABLE ("check" text, severity text, audit text, meaning text)
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT c.* FROM (VALUES
        ('raw_changes_pending', 'warning', 'audit_raw_notes', 'changes of raw days wait for a refresh'),
        ('raw_triggers_off', 'error', 'audit_raw_notes',
            'a trigger that notes changes is missing or disabled'),
        ('raw_row_lost', 'error', 'audit_raw_rows', 'a raw day is neither valid nor rejected, or both'),
        ('rejects_orphan', 'error', 'audit_raw_rows', 'a reject that its raw day no longer explains'),
        ('rows_rejected', 'warning', 'audit_raw_rows', 'raw days failed validation'),
        ('bars_1d_differs_from_raw', 'error', 'audit_bars_1d_source',
            'validating raw days again gives other days'),
        ('bars_1d_ohlc', 'error', 'audit_bars_1d_rows',
            'a price outside low and high, or not a finite number'),
        ('bars_1d_times', 'error', 'audit_bars_1d_rows', 'the times of a day are out of order'),
        ('bars_1d_flags', 'error', 'audit_bars_1d_rows',
            'a day marked partial or missing, or of another timeframe'),
        ('price_not_positive', 'warning', 'audit_bars_1d_rows', 'a price of zero or below'),
        ('volume_negative', 'warning', 'audit_bars_1d_rows', 'a volume below zero'),
        ('stamp_far_from_close', 'warning', 'audit_bars_1d_rows',
            'a stamp more than 24 hours after the close'),
        ('repaired_days', 'info', 'audit_bars_1d_rows', 'days with a repaired time or price'),
        ('bars_1d_numbering', 'error', 'audit_bars_1d_order',
            'days are not numbered 1, 2, 3 .. in time order'),
        ('duplicate_local_day', 'error', 'audit_bars_1d_order', 'two days of an asset are one local day'),
        ('price_jump', 'warning', 'audit_bars_1d_order',
            'a close over 10 times, or under a tenth, of the one before'),
        ('days_overlap', 'warning', 'audit_bars_1d_order', 'a day opens before the one before it has closed'),
        ('stale_asset', 'info', 'audit_bars_1d_order',
            'the newest day is more than 3 days behind other assets'),
        ('missing_local_days', 'warning', 'audit_bars_1d_gaps',
            'days are missing between the first and the last'),
        ('coverage_missing', 'error', 'audit_bars_coverage', 'a timeframe that was built has no bars'),
        ('coverage_unexpected', 'error', 'audit_bars_coverage',
            'bars of an asset without days or of no timeframe'),
        ('state_differs', 'error', 'audit_bars_state',
            'a state disagrees with the days or bars that are stored'),
        ('bars_behind', 'warning', 'audit_bars_state', 'bars wait for a refresh'),
        ('zone_mixed', 'error', 'audit_bars_state', 'bars of one asset were built with different zones'),
        ('duplicate_snapshot', 'error', 'audit_bars_rows', 'a snapshot is shown twice'),
        ('several_closed_snapshots', 'error', 'audit_bars_rows', 'a bar closes more than once'),
        ('closed_snapshot_missing', 'error', 'audit_bars_rows',
            'a bar is forming although a later one has begun'),
        ('rows_per_bar', 'error', 'audit_bars_rows',
            'the days of neighbouring bars do not follow each other'),
        ('bar_ohlc', 'error', 'audit_bars_values', 'a price of a bar outside its low and high'),
        ('missing_days_arithmetic', 'error', 'audit_bars_values',
            'counts of missing days disagree with the days'),
        ('missing_days_interior', 'info', 'audit_bars_values', 'closed bars with days missing inside'),
        ('tf_days_not_nominal', 'error', 'audit_bars_values', 'a length that is not the one of the name'),
        ('partial_start_unexpected', 'error', 'audit_bars_values', 'bars begin late that are not anchored'),
        ('spacing', 'error', 'audit_bars_spacing',
            'closed bars nearer or further apart than the catalogue says'),
        ('bar_numbering', 'error', 'audit_bars_content', 'bars are missing, or have no day in their window'),
        ('bar_content', 'error', 'audit_bars_content', 'computing a bar again gives another one'),
        ('bar_continuity', 'error', 'audit_bars_content', 'a bar does not open 1 ms after the day before it'),
        ('bar_times', 'error', 'audit_bars_content', 'the times of a bar are out of order')
    ) AS c ("check", severity, audit, meaning);
END;
