"""Here every test gets a database whose tables of assets are hash partitions."""

from __future__ import annotations

import pytest


@pytest.fixture
def db_url(split_url: str) -> str:
    """The address of a fresh migrated database, split into four."""
    return split_url
