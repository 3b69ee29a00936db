"""What is measured: a file a section of the report, each with measure(run)."""
