"""One attempt to read the records of a page in one way, and whether it yielded what the page should have."""

from __future__ import annotations

import asyncio
import inspect
import time
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from types import GeneratorType
from typing import TYPE_CHECKING, Any, TypeVar

from scrapy import Request
from scrapy.utils.asyncgen import collect_asyncgen

from models.record import Found

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Awaitable, Callable, Generator, Iterable, Sequence

    from scraper.core.tiers import Tier

    Given = Iterable[Any] | AsyncIterable[Any] | Awaitable[Iterable[Any]]
    """What a spider's method may give: it may be a generator or `async`, or return a list."""

    Steps = Generator["Awaited | None", None, "ReadAttempt"]
    """Work that yields None when it is time for a pause, or what is to be waited for, and returns the attempt."""

T = TypeVar("T")

PAUSE_AFTER_S = 0.02
"""How long entries are read without a pause: meanwhile nothing else of the crawl goes on, and no signal is heard."""


class Awaited:
    """What an `async` method of a spider is to give; whoever drives the steps waits for it."""

    def __init__(self, given: Any) -> None:
        self._given = given
        self._outputs: tuple[Any, ...] = ()
        self._error: Exception | None = None

    async def wait(self) -> None:
        """Let the method run to its end."""
        try:
            given = await self._given if inspect.isawaitable(self._given) else self._given
            self._outputs = tuple(await collect_asyncgen(given) if inspect.isasyncgen(given) else given or ())
        except Exception as error:  # noqa: BLE001 - raised where the method was called
            self._error = error

    def wait_in_thread(self) -> None:
        """Let it run in an event loop of its own, where there is none, or one that is not to be left."""
        with ThreadPoolExecutor(1) as thread:
            thread.submit(asyncio.run, self.wait()).result()

    def outputs(self) -> tuple[Any, ...]:
        """Return what it gave; raise what it raised."""
        if self._error is not None:
            raise self._error
        return self._outputs


@dataclass
class ReadAttempt:
    """What a spider's method made of a page's entries."""

    tier: Tier
    where: str = ""
    """Where the entries were found, for a person."""
    outputs: list[tuple[Any, tuple[Any, ...]]] = field(default_factory=list)
    """Each entry with what it gave."""
    error: Exception | None = None
    """The first error that the spider raised."""
    failed: int = 0
    """Entries on which the spider raised an error."""
    good: int = 0
    """Entries that gave a record with all of its required fields, or a link."""
    lacking: bool = False
    """Whether a record lacks a required field."""

    def take(self, entry: Any, outputs: tuple[Any, ...]) -> None:
        """Take in what an entry gave."""
        self.outputs.append((entry, outputs))
        are_whole = [not found.lacks for found in records_of(outputs)]
        self.lacking = self.lacking or not all(are_whole)
        self.good += any(are_whole) or any(isinstance(output, Request) for output in outputs)

    @property
    def is_enough(self) -> bool:
        """Whether most entries gave what they should, which is what one odd record does not change."""
        return self.good > 0 and 2 * self.good >= len(self.outputs) + self.failed

    @property
    def lacks(self) -> str:
        """What is missing, for a person."""
        if not self.outputs:
            return "no entry"
        fields = sorted({name for _, outputs in self.outputs for found in records_of(outputs) for name in found.lacks})
        return f"no {', '.join(fields)}" if fields else "no record"


def attempt(tier: Tier, where: str, entries: Sequence[Any], read: Callable[[Any], Given]) -> Steps:
    """Let the spider read each entry; an entry on which it raises an error takes no other along."""
    made, begun = ReadAttempt(tier, where), time.monotonic()
    for entry in entries:
        if time.monotonic() - begun > PAUSE_AFTER_S:
            yield None
            begun = time.monotonic()
        try:
            given: Any = read(entry)
            # To find out what it is otherwise takes longer than to read a value.
            if not isinstance(given, GeneratorType) and (inspect.isawaitable(given) or inspect.isasyncgen(given)):
                awaited = Awaited(given)
                yield awaited
                given = awaited.outputs()
            outputs = tuple(given)
        except Exception as error:  # noqa: BLE001 - kept, and raised once the other entries are safe
            made.error = made.error or error
            made.failed += 1
            continue
        made.take(entry, outputs)
    return made


def at_once(steps: Steps) -> ReadAttempt:
    """Return what an attempt comes to, without a pause."""
    while True:
        try:
            if (awaited := next(steps)) is not None:
                awaited.wait_in_thread()
        except StopIteration as end:
            made: ReadAttempt = end.value
            return made


def in_thread(work: Callable[[], T]) -> Generator[None, None, T]:
    """Return what comes of a work that is done in a thread; yield None for a pause while it lasts."""
    with ThreadPoolExecutor(1) as thread:
        future = thread.submit(work)
        while wait([future], PAUSE_AFTER_S).not_done:
            yield
        return future.result()


def records_of(outputs: Sequence[Any]) -> list[Found]:
    """Return the records among what an entry gave."""
    return [output for output in outputs if isinstance(output, Found)]
