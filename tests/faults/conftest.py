"""A server of its own for the tests that kill."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from faults.place import Place, Server, built_server, copied


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A running server with a database of three assets, built, and a dozen timeframes."""
    with built_server() as made:
        yield made


@pytest.fixture
def place(server: Server) -> Place:
    """A database of the test's own, a copy of the built one."""
    return copied(server)
