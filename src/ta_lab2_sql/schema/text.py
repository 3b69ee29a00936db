"""Values and names as SQL text, for files that nobody binds parameters to."""

from __future__ import annotations

from collections.abc import Iterable


def literal(value: str | int) -> str:
    """A value as SQL text."""
    return str(value) if isinstance(value, int) else "'" + value.replace("'", "''") + "'"


def identifier(name: str) -> str:
    """A quoted identifier."""
    return '"' + name.replace('"', '""') + '"'


def array(names: Iterable[str]) -> str:
    """An array of texts as SQL text."""
    return f"ARRAY[{', '.join(literal(name) for name in names)}]"


def session_settings(schema: str) -> str:
    """What holds while SQL is applied: names go to the schema, on all nodes; Citus changes shard by shard."""
    return (
        "SET LOCAL citus.propagate_set_commands TO 'local';\n"
        f"SET LOCAL search_path TO {identifier(schema)};\n"
        "SET LOCAL client_min_messages TO warning;\n"
        "SET LOCAL TimeZone TO 'UTC';\n"
        "SET LOCAL check_function_bodies TO on;\n"
        "SET LOCAL citus.multi_shard_modify_mode TO 'sequential';\n"
    )
