"""Write the document of a run that begins."""

from __future__ import annotations

import os
import socket
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from models.system import Run
from scraper.config_sections import swathe_version

if TYPE_CHECKING:
    from bson import ObjectId
    from scrapy import Spider


def begin_run(run_id: ObjectId, spider: Spider, firing: str | None) -> None:
    """Write the run of a crawl in this process; `firing` is the schedule's that asked for it. Blocks."""
    now = datetime.now(UTC)
    Run(
        id=run_id,
        spider=spider.name,
        arguments=_arguments(spider),
        state="running",
        started_at=now,
        heartbeat_at=now,
        host=socket.gethostname(),
        pid=os.getpid(),
        version=swathe_version(),
        firing=firing,
    ).save()


def _arguments(spider: Spider) -> dict[str, Any]:
    """Return what the crawl was asked for, by the arguments' names."""
    given = {"start": "start_at", "max_pages": "max_pages", "max_depth": "max_depth", "since_known": "since_known"}
    return {name: value for name, place in given.items() if (value := getattr(spider, place, None)) is not None}
