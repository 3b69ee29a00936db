"""Here every test gets a database whose tables of assets are hash partitions."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture
def db_url(split_url: str) -> str:
    """The address of a fresh migrated database, split into four."""
    return split_url


@pytest.fixture(scope="session")
def postgresql_server(partitioned_server: Any) -> Any:
    """The server whose template is split, for tests that copy it themselves."""
    return partitioned_server
