"""What the tests share: one real mongod, the practice site, and the command line as a user runs it."""

from __future__ import annotations

import gc
import itertools
import os
import signal
from typing import TYPE_CHECKING, Any

import pytest
from bson.codec_options import CodecOptions
from practice import PracticeServer
from pymongo import MongoClient
from support import Swathe, configured

from scraper.fetch.browser.installed import BROWSERS, SHELLS, first_of
from scraper.storage.embedded.server import EmbeddedServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pymongo.database import Database

_names = itertools.count(1)


LONGEST = (
    "runs_join", "wheel", "web_browser", "crawl_page_reader_browser", "fetch_politeness", "frontier_chaos",
    "frontier_redis", "schedule_service", "heal_cli", "web_live", "patterns", "runs_supervisor", "core_broken", "cli",
    "crawl", "fetch_browser_life", "pages_redrive", "storage_connection", "web_access", "web_api",
)  # fmt: skip
"""The files of tests that take longest, for the order in which they are begun."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest, so that none of them is alone at the end while other workers idle."""
    order = {f"test_{name}.py": number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: order.get(item.path.name, len(order)))


def pytest_collection_finish() -> None:
    """Leave what was collected out of every later look for garbage: there are millions of objects, and none ends."""
    gc.collect()
    gc.freeze()


def pytest_configure() -> None:
    """Keep a developer's own settings out of the tests, and let Ctrl-C reach what they start."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:  # as in the background of a shell; children would inherit it
        signal.signal(signal.SIGINT, signal.default_int_handler)
    for name in [name for name in os.environ if name.startswith(("SWATHE_", "SCRAPY_"))]:
        del os.environ[name]


@pytest.fixture(scope="session")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of the session's embedded MongoDB."""
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="session")
def server(data_dir: Path) -> Iterator[EmbeddedServer]:
    """The session's embedded MongoDB, up until its end."""
    server = EmbeddedServer(configured(SWATHE_MONGODB_DATA_DIR=str(data_dir)).mongodb)
    server.join()
    yield server
    server.leave()
    server.stop()


@pytest.fixture(scope="session")
def client(server: EmbeddedServer) -> Iterator[MongoClient[dict[str, Any]]]:
    """A plain client, to look at what was stored without the code under test."""
    with MongoClient(server.uri, tz_aware=True, serverSelectionTimeoutMS=10_000) as client:
        yield client


@pytest.fixture(scope="module", params=[BROWSERS, SHELLS], ids=["full", "shell"])
def chromium(request: pytest.FixtureRequest) -> str:
    """Chromium with windows and, where it is installed, the one without."""
    if not (found := first_of(request.param)):
        pytest.skip(f"none of {', '.join(request.param)} is installed")
    return found


@pytest.fixture
def database(client: MongoClient[dict[str, Any]]) -> Iterator[Database[dict[str, Any]]]:
    """An empty database of the test's own."""
    name = f"test_{next(_names)}"
    yield client.get_database(name, codec_options=CodecOptions(tz_aware=True))
    client.drop_database(name)


@pytest.fixture
def swathe(data_dir: Path, database: Database[dict[str, Any]]) -> Swathe:
    """The command line, storing into `database`."""
    environ = {
        **os.environ,
        "SWATHE_MONGODB_DATA_DIR": str(data_dir),
        "SWATHE_MONGODB_DATABASE": database.name,
        "SWATHE_POLITENESS_BACKOFF_S": "0.05",
        "PYTHONWARNINGS": "error",
        "COLUMNS": "200",
        "NO_COLOR": "1",
    }
    return Swathe(environ, database.name)


@pytest.fixture(scope="session")
def site() -> Iterator[PracticeServer]:
    """The healthy practice site."""
    with PracticeServer() as site:
        yield site
