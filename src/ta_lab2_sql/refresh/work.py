"""What waits to be done: the assets of each node by themselves, so that one that is away holds up no more."""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Collection, Iterable, Mapping

from ta_lab2_sql.refresh.connections import AWAY
from ta_lab2_sql.refresh.result import Outcome

# So often a node that is away is asked again, in seconds.
EVERY = 1.0
# At most so many assets are called together: they are locked until all of them are done.
TOGETHER = 50


class Work:
    """Assets in the order that they are to be begun in; threads take from it."""

    def __init__(
        self,
        ids: Iterable[int],
        places: Mapping[int, str],
        symbols: Mapping[int, str],
        one_day: Collection[int] = (),
        workers: int = 1,
    ) -> None:
        self.lock = threading.Lock()
        self.workers = max(1, workers)
        self.waiting: dict[str | None, deque[Outcome]] = {}
        for asset in ids:
            node = places.get(asset)
            outcome = Outcome(asset, symbols.get(asset), node=node, one_day=asset in one_day)
            self.waiting.setdefault(node, deque()).append(outcome)
        # Nodes that somebody is connected to; only they need be taken for.
        self.addressed: set[str] = set()
        # Where nodes may be away, an asset that was taken may come back.
        self.may_return = bool(places)
        # Since when a node is away, and when to ask it again.
        self.since: dict[str | None, float] = {}
        self.again: dict[str | None, float] = {}
        # Taken, not yet done, by node: they may come back.
        self.taken = Counter[str | None]()

    def take(self, near: str | None, before: str | None = None) -> list[Outcome]:
        """The next asset for whoever is connected to that node (None: to the first address), or some that may
        be called together; nothing for now.

        One of the node of the asset before, where a session has read all that it needs, else of the node that
        is busy with fewest."""
        now = time.monotonic()
        with self.lock:
            nodes = [
                node
                for node, queue in self.waiting.items()
                if queue and self._is_for(node, near) and self.again.get(node, 0.0) <= now
            ]
            if not nodes:
                return []
            away = [node for node in nodes if node in self.since]
            if away:
                # One asset finds out whether the node is back.
                node = away[0]
                self.again[node] = now + EVERY
            else:
                node = before if before in nodes else min(nodes, key=self.taken.__getitem__)
            queue = self.waiting[node]
            # Towards the end in smaller lists, so that all workers end together.
            most = min(TOGETHER, -(-len(queue) // self.workers))
            found = [queue.popleft()]
            while queue and found[-1].one_day and queue[0].one_day and len(found) < most:
                found.append(queue.popleft())
            self.taken[node] += len(found)
            return found

    def pause(self) -> float:
        """How long to wait before taking again when there was nothing for now, in seconds."""
        return min(0.1, EVERY)

    def put_back(self, outcomes: Iterable[Outcome]) -> None:
        """They were taken together and aren't done: now each by itself, and first."""
        with self.lock:
            for outcome in sorted(outcomes, key=lambda o: o.id, reverse=True):
                outcome.one_day = False
                self.taken[outcome.node] -= 1
                self.waiting[outcome.node].appendleft(outcome)

    def is_left(self, near: str | None) -> bool:
        """Whether anything waits for that connection, or may come to it: taken assets come back from a node
        that goes away, and those of an address that stops answering to whoever has the first one."""
        with self.lock:
            return (self.may_return and self.taken.total() > 0) or any(
                queue and (self._is_for(node, near) or near is None) for node, queue in self.waiting.items()
            )

    def _is_for(self, node: str | None, near: str | None) -> bool:
        return node == near if near is not None else node not in self.addressed

    def done(self, outcome: Outcome) -> None:
        """The asset is up to date or failed; its node has answered."""
        with self.lock:
            self.taken[outcome.node] -= 1
            self.since.pop(outcome.node, None)
            self.again.pop(outcome.node, None)

    def lost(self, outcome: Outcome) -> list[Outcome]:
        """The asset's node didn't answer. Returns whom not to wait for any longer: none at first; once the
        node has been away too long all that it holds."""
        now = time.monotonic()
        with self.lock:
            self.taken[outcome.node] -= 1
            since = self.since.setdefault(outcome.node, now)
            outcome.lost_at = outcome.lost_at or now
            if now - since > AWAY:
                given_up = [outcome, *self.waiting[outcome.node]]
                self.waiting[outcome.node].clear()
                return given_up
            if now - outcome.lost_at > AWAY:
                # The node comes and goes: with this asset.
                return [outcome]
            self.again[outcome.node] = now + EVERY
            self.waiting[outcome.node].append(outcome)
            return []

    def release(self, near: str) -> None:
        """Nobody is connected to that node any more: whoever has the first address takes its assets."""
        with self.lock:
            self.addressed.discard(near)

    def rest(self) -> list[int]:
        """Assets that nobody has begun."""
        with self.lock:
            return [outcome.id for queue in self.waiting.values() for outcome in queue]
