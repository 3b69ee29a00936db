COPY load_staging (
    id, name, timeopen, timeclose, timehigh, timelow, "timestamp",
    open, high, low, close, volume, marketcap, source_file
) FROM STDIN
