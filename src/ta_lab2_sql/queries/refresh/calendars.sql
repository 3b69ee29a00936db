-- Whether this role may take up what was edited in calendars: a reader's plan shows what others applied.
SELECT
    has_table_privilege('calendars_applied', 'INSERT')
    AND has_table_privilege('calendar_changes', 'INSERT')
