"""Alembic's entry: the program passes the connection and the schema as attributes."""

from alembic import context

attributes = context.config.attributes
options = {"version_table": "ta_lab2_version", "version_table_schema": attributes["schema"]}
if context.is_offline_mode():
    context.configure(dialect_name="postgresql", output_buffer=attributes["buffer"], as_sql=True, **options)
    # The transaction is the file's own.
    context.run_migrations()
else:
    context.configure(connection=attributes["connection"], **options)
    with context.begin_transaction():
        context.run_migrations()
