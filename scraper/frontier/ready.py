"""The requests that a worker has and has not begun, in their order; one that may be deadly is begun alone."""

from __future__ import annotations

from heapq import heappop, heappush
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scraper.frontier.protocol import Put


class Ready:
    """A heap of requests.

    When workers die again and again, one of the requests that they had may be the cause, and nobody knows which. Those
    are begun one at a time, each after it was written down: so the innocent come to their end, and the guilty one is
    known.
    """

    def __init__(self) -> None:
        self._heap: list[tuple[tuple[int, int, int], bytes, Put]] = []
        self._alone: Put | None = None
        self._begun = False
        """Whether the one that is alone was handed out."""
        self.to_mark: bytes | None = None
        """The request that is to be written down before it is begun."""
        self.pending = 0
        """How many more are known to wait in the store."""

    def __len__(self) -> int:
        return len(self._heap) + (self._alone is not None and not self._begun)

    def push(self, put: Put) -> None:
        """Add a request."""
        heappush(self._heap, (put.order, put.id, put))

    def pop(self, *, idle: bool) -> Put | None:
        """Return the next request to begin; None for none, or none yet. `idle`: whether nothing is under way."""
        if self._alone is not None:
            if self._begun or self.to_mark:
                return None
            self._begun = True
            return self._alone
        if not self._heap:
            return None
        put = self._heap[0][2]
        if not put.deaths:
            return heappop(self._heap)[2]
        if idle:
            self._alone = heappop(self._heap)[2]
            self.to_mark = put.id
        return None

    def marked(self, id_: bytes | None) -> None:
        """Take in that a request was written down."""
        if id_ is not None and id_ == self.to_mark:
            self.to_mark = None

    def ended(self, id_: bytes) -> bool:
        """Take in that a request has come to its end; return whether it was alone."""
        was_alone = self._alone is not None and self._alone.id == id_
        if was_alone:
            self._alone, self._begun = None, False
        return was_alone

    def drop(self) -> list[bytes]:
        """Forget all that were not begun, and return their ids."""
        ids = [id_ for _, id_, _ in self._heap]
        self._heap.clear()
        return ids
