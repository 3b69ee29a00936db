"""The audits of bars once more, on hash partitions."""

from __future__ import annotations

from sql.test_audit_bars import *  # noqa: F403
