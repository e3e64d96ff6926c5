"""Heal without being asked: spiders whose last run found too little, each run once, and tell people the patch."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from models.alerts import Mute
from models.system import Run
from scraper.core.atomic_file import whole_file
from scraper.errors import SwatheError, UsageError
from scraper.heal.healing import heal, run_to_heal
from scraper.schedule.alerts.message import DEFUSED, OF_SELECTORS, Message, harmless

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pymongo.database import Database

    from scraper.core.config import Config
    from scraper.heal.outcome import Healing
    from scraper.heal.spider_source import SpiderSource
    from scraper.schedule.alerts.delivery import Receiver
    from scraper.spider import SiteSpider

    Mongo = Database[dict[str, Any]]

MOST_LINES = 120
"""Lines of a patch that a message has."""

WRITABLE = 0o222


@dataclass(frozen=True)
class HealedRun:
    """A run that was to be healed, and what came of it."""

    run: dict[str, Any]
    healing: Healing | None
    why_not: str = ""
    """Why it could not be tried."""
    written: bool = False

    @property
    def message(self) -> Message:
        """What people are told; the id is the same however often it is sent."""
        name, run = harmless(self.run["spider"]), self.run["_id"]
        title, lines = self._told(name)
        look = f"look: swathe runs show {run}"
        data = {"spider": self.run["spider"], "run": str(run), "written": self.written, **self._facts()}
        body = "\n".join([*(line.translate(DEFUSED) for line in lines), look])
        return Message(f"swathe: {name}: {title}", body, good=self._is_good, id=f"heals/{run}", data={"heal": data})

    @property
    def _is_good(self) -> bool:
        return self.healing is not None and bool(self.healing.text) and not self.healing.refused

    def _told(self, name: str) -> tuple[str, list[str]]:
        healing = self.healing
        if healing is None:
            return "its selectors could not be looked at", [f"why: {harmless(self.why_not)}"]
        if healing.refused:
            return "no repair is sure", [*map(harmless, healing.refused), f"mend: {healing.source.shown_file} by hand"]
        if not healing.text:
            return "its selectors find everything", ["why: the known records are read as they are stored"]
        patch = healing.patch.splitlines()
        more = [f"and {len(patch) - MOST_LINES} lines more"] if len(patch) > MOST_LINES else []
        apply = "written: swathe crawl" if self.written else "apply: swathe heal"
        done = [f"{apply} {name}{'' if self.written else ' --write'}"]
        title = "its selectors were mended" if self.written else "its selectors can be mended"
        return title, [*map(harmless, healing.evidence), *patch[:MOST_LINES], *more, *done]

    def _facts(self) -> dict[str, Any]:
        if self.healing is None:
            return {"patch": "", "refused": [self.why_not]}
        healing = self.healing
        patch = "" if healing.refused else healing.patch
        return {"patch": patch, "refused": healing.refused, "evidence": healing.evidence}


def heal_runs(
    database: Mongo,
    config: Config,
    spiders: Mapping[str, type[SiteSpider]],
    receivers: Sequence[Receiver],
    *,
    write: bool,
) -> Iterator[HealedRun]:
    """Yield what came of each spider's last run that selectors may be to blame for, and that not all have been told of.

    With `write` a repair that passes the gate is written, of files of the project alone. Blocks.
    """
    for name, kind in spiders.items():
        run = _run_of(name)
        if run is None or set(run.get("heal_told", ())) >= {one.digest for one in receivers}:
            continue
        yield _healed(run, kind, database, config, write=write)


def tell(healed: HealedRun, receivers: Sequence[Receiver]) -> list[str]:
    """Tell those who have not been told yet, and return the names of those that do not take it. Blocks."""
    refused, same = [], Run.objects(id=healed.run["_id"])
    for one in receivers:
        if one.digest in healed.run.get("heal_told", ()):
            continue
        if one.send(healed.message):
            same.update_one(add_to_set__heal_told=one.digest)
        else:
            refused.append(one.name)
    return refused


def check_may_write(source: SpiderSource) -> None:
    """Raise UsageError for a file of somebody else's, or that is not to be changed."""
    if not source.is_own:
        raise UsageError(
            f"spider '{source.kind.name}' is in {source.file}, expected a file of this project: "
            f"write the patch there by hand"
        )
    if not source.file.stat().st_mode & WRITABLE:
        raise UsageError(f"{source.shown_file} is read-only, expected one that may be changed: chmod u+w")


def write_repair(healing: Healing) -> None:
    """Write the mended module in place of the spider's, all of it or nothing."""
    with whole_file(healing.source.file) as file:
        file.write(healing.text.encode())


def _run_of(name: str) -> dict[str, Any] | None:
    """Return a spider's last run when selectors may be to blame for it, and the spider is not muted."""
    if Mute.objects(id=name, until__gt=datetime.now(UTC)):
        return None
    try:
        run = run_to_heal(name)
    except UsageError:
        return None  # it has no run, or all is well
    return run if run.get("cause") in OF_SELECTORS else None


def _healed(run: dict[str, Any], kind: type[SiteSpider], database: Mongo, config: Config, *, write: bool) -> HealedRun:
    try:
        healing = heal(run["spider"], kind, database, config)
        if write and healing.text and not healing.refused:
            check_may_write(healing.source)
            write_repair(healing)
            return HealedRun(run, healing, written=True)
    except SwatheError as error:
        return HealedRun(run, None, str(error))
    return HealedRun(run, healing)
