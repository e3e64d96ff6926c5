"""Which process keeps a run's document and ends it: the one that began it, or after its death another worker."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from mongoengine import NotUniqueError
from pymongo.errors import PyMongoError
from scrapy.utils.asyncio import run_in_thread

from models.system import Run
from scraper.core.processes import this_process
from scraper.storage.run_heartbeat import is_lost

if TYPE_CHECKING:
    from bson import ObjectId

    from models.system import RunCounts

logger = logging.getLogger(__name__)

OWNER_ENDS_S = 0.2
"""How often a process that has nothing left to do looks whether the run's owner has ended it."""


class Ownership:
    """This process's share in a run: its owner, or one that works on it beside the owner."""

    def __init__(self, run: ObjectId, *, owns: bool) -> None:
        self._run = run
        self.owns = owns
        """Whether this process is the one to end the run."""

    def beat(self, counts: RunCounts, **more: Any) -> bool:
        """Show the owner's sign of life, or look for it and follow an owner that is dead.

        `more` are fields of Run that the owner writes with it. Return whether the run goes on. Blocks.
        """
        if self.owns:
            mine = Run.objects(id=self._run, **this_process())
            # While this process stood still, another may have followed it.
            self.owns = bool(mine.update_one(heartbeat_at=datetime.now(UTC), counts=counts, **more))
            return self.owns or self._goes_on()
        return self._goes_on()

    async def falls_to_us(self, counts: RunCounts) -> bool:
        """Wait until the owner has ended a run of which nothing is left to do; return whether it died instead."""
        try:
            while not self.owns and await run_in_thread(self.beat, counts):
                await asyncio.sleep(OWNER_ENDS_S)
        except PyMongoError as error:
            logger.error("How the run ended cannot be seen: %s", type(error).__name__)
        return self.owns

    def _goes_on(self) -> bool:
        run = Run.objects(id=self._run).first()
        if run is None or run.state not in ("running", "lost"):
            return False
        if run.state == "lost" or is_lost(run):
            try:
                self.owns = claim(run) or self.owns
            except NotUniqueError:  # it was begun anew
                return False
        return True


def claim(run: Run, **changes: Any) -> bool:
    """Make this process the owner of a run, unless it has changed since it was read; return whether it did. Blocks.

    Raise NotUniqueError when another run of the same spider and arguments is under way.
    """
    seen = Run.objects(id=run.id, state=run.state, heartbeat_at=run.heartbeat_at, pid=run.pid, host=run.host)
    ended = {f"unset__{name}": 1 for name in ("verdict", "exit_code", "ended_at", "finish_reason", "end_told_at")}
    now = {"set__state": "running", "set__heartbeat_at": datetime.now(UTC), "set__reasons": []}
    mine = {f"set__{name}": value for name, value in this_process().items()}
    return bool(seen.update_one(**now, **ended, **mine, **changes))
