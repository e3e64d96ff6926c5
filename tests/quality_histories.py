"""Histories of runs as sites make them: growth, weeks, noise, small and large; and faults to put into them.

Everything is drawn from a seed. A fault is of one run; the runs after it are healthy again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from models.quality import Quality, RecordsQuality, SelectorUse
from models.system import Run, RunCounts

START = datetime(2026, 1, 5, 6, tzinfo=UTC)
FAULTS = (
    "field vanishes",
    "field vanishes in part",
    "records missing",
    "refused",
    "pages double",
    "slow",
    "all changed",
    "browser",
)
KINDS = {
    "field vanishes": "filled",
    "field vanishes in part": "filled",
    "records missing": "count",
    "refused": "refused",
    "pages double": "pages",
    "slow": "duration",
    "all changed": "changed",
    "browser": "browser",
}
"""What kind of figure must tell a fault."""

HEALTHY_FIRST = 6
"""Runs before the first fault."""


@dataclass
class Site:
    """What is natural for one site and its spider; `random` draws what is chance."""

    random: Random
    records: float = 0.0
    noise: float = 0.0
    growth: float = 0.0
    weekend: float = 1.0
    every: timedelta = timedelta(days=1)
    changed: float = 0.0
    new: float = 0.0
    refused: float = 0.0
    browser: float = 0.0
    pages_per_record: float = 1.0
    addition_at: int = 0
    fields: dict[str, float] = field(default_factory=dict)
    drift: float = 0.0

    @classmethod
    def drawn(cls, seed: int) -> Site:
        random = Random(seed)
        choose = random.choice
        shares = (1.0, 1.0, 0.999, 0.97, 0.9, 0.8, 0.5, 0.05, 0.0)
        return cls(
            random,
            records=choose((10, 10, 12, 25, 60, 150, 400, 1000, 5000, 40_000)),
            noise=choose((0.0, 0.002, 0.01, 0.02, 0.03)),
            growth=choose((0.0, 0.0, 0.002, 0.01, 0.02, -0.003, -0.01)),
            weekend=choose((1.0, 1.0, 0.95, 0.85)),
            every=choose((timedelta(days=1), timedelta(days=1), timedelta(hours=6), timedelta(days=7))),
            changed=choose((0.0, 0.01, 0.05, 0.1, 0.3, 0.5)),
            new=choose((0.0, 0.005, 0.02, 0.08)),
            refused=choose((0.0, 0.0, 0.002, 0.01)),
            browser=choose((0.0, 0.0, 0.02, 0.2)),
            pages_per_record=choose((1.0, 1.05, 0.5)),
            addition_at=choose((0, 0, 0, random.randint(10, 30))),
            fields={"title": 1.0, **{f"field_{number}": choose(shares) for number in range(random.randint(2, 6))}},
            drift=choose((0.0, 0.0, 0.003)),
        )

    def runs(self) -> list[tuple[Run, str, str]]:
        """Return each run with the fault that it has, or an empty text, and the fault's field."""
        count = self.random.randint(20, 60)
        faulty = set()
        while len(faulty) < count // 6:
            number = self.random.randrange(HEALTHY_FIRST, count)
            if not faulty & {number - 2, number - 1, number, number + 1, number + 2}:
                faulty.add(number)
            elif self.random.random() < 0.05:
                break
        return [self._run(number, self._fault() if number in faulty else "") for number in range(count)]

    def _fault(self) -> str:
        # Where all is changed or read in a browser anyhow, more of it is no fault.
        return self.random.choice([one for one in FAULTS if one != "all changed" or self.changed <= 0.3])

    def _run(self, number: int, fault: str) -> tuple[Run, str, str]:
        random, when = self.random, START + number * self.every + timedelta(minutes=self.random.randint(0, 30))
        quiet = self.weekend if when.weekday() >= 5 else 1.0
        size = self.records * (1 + self.growth) ** number * quiet * random.gauss(1, self.noise)
        if self.addition_at and number >= self.addition_at:
            size *= 1.25
        found = max(1, round(size / 2 if fault == "records missing" else size))
        busy = quiet**4 * random.lognormvariate(0, 0.3)
        shares = {
            "new": 1.0 if number == 0 else self.new * busy + (0.2 if number == self.addition_at > 0 else 0),
            "changed": 0.0 if number == 0 else min(0.85, self.changed * busy),
            "refused": self.refused * random.lognormvariate(0, 0.3),
        }
        if fault == "refused":
            shares["refused"] = random.uniform(0.5, 0.9) if found < 40 else random.uniform(0.1, 0.6)
        if fault == "all changed":
            shares |= {"new": 0.0, "changed": random.uniform(0.97, 1.0)}
        damaged = random.choice([name for name, share in self.fields.items() if share >= 0.8])
        filled = {}
        for name, usual in self.fields.items():
            share = max(0.0, usual - self.drift * number) if usual < 1 else usual
            if name == damaged and fault.startswith("field"):
                share *= random.uniform(0.02, 0.6) if fault.endswith("part") else 0
            filled[name] = self._of(found, share)
        pages = max(4.0, found * self.pages_per_record) * (random.uniform(1.9, 2.5) if fault == "pages double" else 1)
        share = min(1.0, self.browser * random.lognormvariate(0, 0.2))
        browser = self._of(round(pages), random.uniform(0.6, 1) if fault == "browser" else share)
        duration = max(4.0, found * self.pages_per_record) * 1.1 * random.lognormvariate(0, 0.15)
        counts = {name: self._of(found, min(1.0, share)) for name, share in shares.items()}
        counts["new"] = min(counts["new"], found)
        counts["unseen"] = round(found * shares["new"] * random.uniform(0.5, 1.2)) if number else 0
        if fault == "records missing":
            counts["unseen"] += found
        quality: dict[str, Any] = {
            "bytes": round(pages * 40_000 * random.lognormvariate(0, 0.05)),
            "duration_s": duration * (10 if fault == "slow" else 1),
            "records": [RecordsQuality(collection="books", found=found, filled=filled, **counts)],
            "selectors": [
                SelectorUse(selector=f".{name}::text", asked=found, missed=found - count)
                for name, count in filled.items()
            ],
        }
        run = Run(
            spider="books",
            started_at=when,
            records={"books": found},
            counts=RunCounts(pages=round(pages), browser_pages=browser),
            quality=Quality(**quality),
        )
        return run, fault, damaged

    def _of(self, count: int, share: float) -> int:
        """Draw how many of `count` a share is."""
        if count > 1000:
            drawn = self.random.gauss(count * share, (count * share * (1 - share)) ** 0.5)
            return min(count, max(0, round(drawn)))
        return sum(self.random.random() < share for _ in range(count))
