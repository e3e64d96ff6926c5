"""The document in `runs` of a replay or a redrive: what was stored again, by which spider, when."""

from __future__ import annotations

import time
from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, Self

from bson import ObjectId

from models.system import Run, RunCounts
from scraper.storage.run_heartbeat import HEARTBEAT_S, open_run

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType

    from scraper.storage.records.plan import Outcome


class RereadRun:
    """A run that fetches nothing; use it in a `with`. It has no verdict, and says of no record that it is gone."""

    def __init__(self, kind: Literal["replay", "redrive"], spider: str, arguments: dict[str, Any]) -> None:
        self.id = ObjectId()
        self._kind, self._spider, self._arguments = kind, spider, arguments
        self._counts: Counter[str] = Counter()
        self._beat_at = 0.0

    def count(self, outcomes: Iterable[Outcome], pages: int = 1) -> None:
        """Take in what became of a page's records, and show from time to time that the run lives. Blocks."""
        self._counts["pages"] += pages
        self._counts.update(f"items_{outcome}" for outcome in outcomes)
        if time.monotonic() - self._beat_at > HEARTBEAT_S:
            self._beat_at = time.monotonic()
            self._update(heartbeat_at=datetime.now(UTC))

    def __enter__(self) -> Self:
        open_run(self.id, self._spider, self._arguments, kind=self._kind)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        state = "finished" if kind is None else "failed" if issubclass(kind, Exception) else "interrupted"
        now = datetime.now(UTC)
        reasons = [" ".join(str(error).split())[:500]] if error is not None and str(error) else []
        self._update(state=state, reasons=reasons, ended_at=now, heartbeat_at=now)

    def _update(self, **fields: Any) -> None:
        known = {name: count for name, count in self._counts.items() if name in RunCounts._fields}
        Run.objects(id=self.id).update_one(counts=RunCounts(**known), **fields)
