"""What a worker has to write to the store, and how long it may wait for company."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from scraper.frontier.protocol import Batch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from scraper.frontier.protocol import Ack, Put

PATIENCE_S = 0.1
"""How long what nobody waits for may wait for company: acknowledgements, and requests that were begun early."""


class Outgoing:
    """The next batch. `call_later` has it looked at again after so many seconds."""

    def __init__(self, call_later: Callable[[float], object]) -> None:
        self._call_later = call_later
        self._batch = Batch()
        self._since: float | None = None
        """Since when something waits that may; 0: it may wait no longer."""
        self.plain = 0
        """How many requests wait to be stored before they can be begun."""

    def put(self, put: Put) -> None:
        """Add a request."""
        self._batch.puts.append(put)
        self.plain += not put.early
        if put.early:
            self._wait()

    def ack(self, ack: Ack, *, at_once: bool = False) -> None:
        """Add an acknowledgement."""
        self._batch.acks.append(ack)
        self._wait()
        if at_once:
            self._since = 0.0

    def release(self, ids: Iterable[bytes]) -> None:
        """Add requests to give back."""
        self._batch.releases += ids

    def is_due(self, *, idle: bool) -> bool:
        """Return whether something is to be written now; when `idle`, there is nothing else to do."""
        return bool(self.plain or self._batch.releases) or self._has_waited(idle=idle)

    def take(self, *, idle: bool, all_: bool) -> Batch:
        """Return what is to be written now, or all there is; a request is never behind what relies on it."""
        acks_too = all_ or self._has_waited(idle=idle)
        batch, self._batch, self.plain = self._batch, Batch(), 0
        if acks_too:
            self._since = None
        else:
            self._batch.acks, batch.acks = batch.acks, []
            self._since = self._since if self._batch.acks else None
        batch.puts.sort(key=lambda put: (not put.early, put.order))
        return batch

    def _has_waited(self, *, idle: bool) -> bool:
        return self._since is not None and (idle or time.monotonic() - self._since >= PATIENCE_S / 2)

    def _wait(self) -> None:
        if self._since is None:
            self._since = time.monotonic()
            self._call_later(PATIENCE_S)
