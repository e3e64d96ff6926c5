"""What is the same code, and what a run says when it goes on, or is shared, with other code."""

from __future__ import annotations

import importlib
import shutil
import signal
import sys
from typing import TYPE_CHECKING, Any

import pytest
from practice import PracticeServer
from support import ROOT, last_run, until

from scraper.core.code_version import code_version, version_of
from scraper.spider.loader import spider_class

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pymongo.database import Database
    from support import Swathe

    Mongo = Database[dict[str, Any]]

PACKAGES = ("scraper", "spiders", "pipelines", "models")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Another checkout of the same code."""
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("main.py", "config.ini", "scrapy.cfg", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with spiders that somebody has written, and a module that one of them reads its pages with."""
    folder = tmp_path / "of_a_user"
    (folder / "parts").mkdir(parents=True)
    for package in (folder, folder / "parts"):
        (package / "__init__.py").touch()
    base = "from scraper.spider import SiteSpider\n"
    (folder / "parts" / "prices.py").write_text("def price(text): return text\n")
    (folder / "shop.py").write_text(
        f"{base}from of_a_user.parts.prices import price\nclass Shop(SiteSpider): name = 'shop'\n"
    )
    (folder / "outlet.py").write_text("from of_a_user.shop import Shop\nclass Outlet(Shop): name = 'outlet'\n")
    (folder / "other.py").write_text(f"{base}class Other(SiteSpider): name = 'other'\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield folder
    for name in [name for name in sys.modules if name.startswith("of_a_user")]:
        del sys.modules[name]


def versions() -> dict[str, str]:
    version_of.cache_clear()
    spiders = {"shop": "Shop", "outlet": "Outlet", "other": "Other"}
    return {
        name: code_version(getattr(importlib.import_module(f"of_a_user.{name}"), class_))
        for name, class_ in spiders.items()
    }


@pytest.mark.parametrize(
    ("changed", "others"),
    [
        ("shop.py", ["shop", "outlet"]),
        ("outlet.py", ["outlet"]),
        ("other.py", ["other"]),
        ("parts/prices.py", ["shop", "outlet"]),
    ],
)
def test_a_spider_s_code_is_its_module_its_bases_and_what_they_import_from_beside_them(
    written: Path, changed: str, others: list[str]
) -> None:
    before = versions()
    with (written / changed).open("a") as file:
        file.write("# changed\n")
    after = versions()
    assert [name for name in before if before[name] != after[name]] == others


@pytest.mark.parametrize("changed", ["models/cleaners/__init__.py", "models/books.py", "pipelines/clean.py"])
def test_models_and_pipelines_are_part_of_every_spider_s_code(
    copy: Path, monkeypatch: pytest.MonkeyPatch, changed: str
) -> None:
    spider = spider_class("books")
    version_of.cache_clear()
    here = code_version(spider)
    monkeypatch.setattr("scraper.core.project.ROOT", copy)
    version_of.cache_clear()
    assert code_version(spider) == here, "the same files elsewhere are the same code"
    with (copy / changed).open("a") as file:
        file.write("# changed\n")
    version_of.cache_clear()
    assert code_version(spider) != here
    version_of.cache_clear()


def test_a_run_that_goes_on_with_other_cleaners_says_so_and_a_worker_with_others_is_turned_away(
    swathe: Swathe, database: Mongo, copy: Path
) -> None:
    with PracticeServer(latency_ms=300) as site:
        arguments = ["books", "--start", f"{site.url}books/"]
        crawl = swathe.start("crawl", *arguments, SWATHE_CRAWL_CONCURRENCY="1")
        until(lambda: len(site.requests) > 10 or crawl.poll() is not None, "the crawl is under way", 60)
        with (copy / "models" / "cleaners" / "__init__.py").open("a") as file:
            file.write("# other cleaners\n")
        worker = swathe.run([sys.executable, str(copy / "main.py"), "worker", *arguments], cwd=copy, code=2)
        assert "the code of 'books' is not what run" in worker.error_line
        crawl.send_signal(signal.SIGINT)
        crawl.communicate(timeout=60)
        swathe.run([sys.executable, str(copy / "main.py"), "crawl", *arguments], cwd=copy, code=3)
    run = last_run(database)
    assert (run["state"], run["resumed"]) == ("finished", 1)
    assert any(
        "the spider's code was changed while the run was interrupted, in its module, models or pipelines" in note
        for note in run["notes"]
    )
