"""What the tests of stored pages share: a project of their own to change on disk, and reading pages in this process."""

from __future__ import annotations

import shutil
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from support import ROOT, configured
from test_paging import last_run

from scraper.pages.replay import Replay, ReplayResult, latest_pages
from scraper.pages.reread import TodaysSpiders
from scraper.spider.loader import project_settings
from scraper.storage.connection import Connection

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from practice import PracticeServer
    from pymongo.database import Database
    from support import Result, Swathe

    Mongo = Database[dict[str, Any]]

TIMES = ("_id", "first_seen", "last_seen", "changed_at", "run")
__all__ = ["Project", "connected", "contents", "healthy_tag", "last_run", "project", "replayed"]


@dataclass
class Project:
    """A copy of the code that a test can break and mend."""

    root: Path
    swathe: Swathe

    def __call__(self, *arguments: str, code: int | None = 0, **environ: str) -> Result:
        return self.swathe.run([*self.command, *arguments], code=code, cwd=self.root, **environ)

    @property
    def command(self) -> list[str]:
        return [sys.executable, str(self.root / "main.py")]

    def change(self, file: str, old: str, new: str) -> None:
        path = self.root / file
        text = path.read_text()
        assert old in text, f"{file} has no {old}"
        path.write_text(text.replace(old, new))
        # Python tells a change by its second and its size.
        for compiled in (path.parent / "__pycache__").glob(f"{path.stem}.*"):
            compiled.unlink()


def project(root: Path, swathe: Swathe) -> Project:
    for package in ("spiders", "pipelines", "scraper", "models"):
        shutil.copytree(ROOT / package, root / package)
    for file in ("main.py", "config.ini", "scrapy.cfg"):
        shutil.copy(ROOT / file, root)
    return Project(root, swathe)


def healthy_tag(site: PracticeServer) -> str:
    """Return where a list begins that shows no record that is refused."""
    tags = {tag: quotes for tag, quotes in site.site.by_tag.items() if not any(quote.refused for quote in quotes)}
    return f"{site.url}quotes/tag/{max(tags, key=lambda tag: len(tags[tag]))}/page/1/"


def contents(database: Mongo, collection: str, *, url: bool = True) -> list[dict[str, Any]]:
    """Return what is stored, without what depends on when."""
    left_out = TIMES if url else (*TIMES, "url")
    rows = [{name: value for name, value in row.items() if name not in left_out} for row in database[collection].find()]
    return sorted(rows, key=str)


@contextmanager
def connected(data_dir: Path, database: Mongo) -> Iterator[Connection]:
    config = configured(SWATHE_MONGODB_DATA_DIR=str(data_dir), SWATHE_MONGODB_DATABASE=database.name)
    with (connection := Connection(config.mongodb)):
        yield connection


def replayed(connection: Connection, spider: str, modules: str = "spiders") -> ReplayResult:
    settings = project_settings()
    settings.set("SPIDER_MODULES", [modules], priority="cmdline")
    database = connection.open()
    spiders = TodaysSpiders(database, settings)
    replay = Replay(database, spiders)
    for page_id in latest_pages(database, spider, None):
        replay.read(page_id)
    from scrapy.spiderloader import get_spider_loader

    replay.look_for_missing(get_spider_loader(settings).load(spider).records)  # type: ignore[attr-defined]
    return replay.result
