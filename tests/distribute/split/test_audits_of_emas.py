"""The audits of emas once more, on hash partitions."""

from __future__ import annotations

from sql.test_audit_emas import *  # noqa: F403
