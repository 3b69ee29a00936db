"""Killed at any moment: whole assets only, true states, and the law; `make soak` goes on with other seeds."""

from __future__ import annotations

import pytest
from faults.kills import JOBS, VICTIMS, kill_everything
from faults.place import Place


@pytest.mark.parametrize("seed", [1])
def test_killed_at_random_moments(place: Place, seed: int) -> None:
    done = list(kill_everything(place, seed))
    assert len(done) == len(JOBS) * len(VICTIMS)
