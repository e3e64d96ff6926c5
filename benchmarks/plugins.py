"""Enable plugins of Scrapy as their own manuals say, in a Scrapy project with Swathe's add-on, and say what came of it.

    python benchmarks/plugins.py
    python benchmarks/plugins.py --only poet --only redis --python .venv-plugins/bin/python

Each plugin has a project of its own, whose spider crawls a small site on this machine with `swathe crawl`. Printed is a
table: the version, what was looked at, and whether it was so. Exits 1 when one does not work. Without `--python` an
environment is made for it, which takes the network; Chromium and redis-server are to be there.
"""

from __future__ import annotations

import argparse
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests"), str(ROOT)]

from odd_site import Answer, Asked, OddSite  # noqa: E402
from redis_process import RedisProcess  # noqa: E402
from support import until  # noqa: E402

from scraper.core.config import load_config  # noqa: E402
from scraper.storage.connection import Connection  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable

NAMES = ["Ada", "Bo", "Cy"]
LONGEST_S = 180

SETTINGS = """
SPIDER_MODULES = ["shop.spiders"]
ADDONS = {"scraper.addon.Swathe": 300}
"""
SPIDER = """
import scrapy

class Things(scrapy.Spider):
    name = "things"
    start_urls = ["SITE"]

    def parse(self, response):
        for link in response.css("a.thing"):
            yield response.follow(link, self.parse_thing)

    def parse_thing(self, response):
        yield {"name": response.css("h1::text").get(), "url": response.url}
"""


def page_of(asked: Asked) -> Answer:
    """Return a page of the site, also to whoever takes it for a proxy: three things, of which `/js` has a script."""
    links = "".join(f"<a class=thing href=/thing/{name}>{name}</a>" for name in NAMES)
    scripted = f"<body><script>setTimeout(() => document.body.innerHTML = '{links}', 300)</script></body>"
    pages = {"/": links, "/js": scripted, **{f"/thing/{name}": f"<h1>{name}</h1>" for name in NAMES}}
    return Answer(pages[asked.path]) if asked.path in pages else Answer(status=404)


@dataclass
class Seen:
    """What a crawl left."""

    swathe: Project
    asked: list[Asked]
    said: str
    things: list[dict[str, Any]]
    run: dict[str, Any]


@dataclass(frozen=True)
class Plugin:
    """A plugin, and how its manual says it is enabled."""

    name: str
    looked_at: str
    check: Callable[[Seen], bool]
    settings: str = ""
    spider: str = SPIDER
    files: dict[str, str] = field(default_factory=dict)
    requires: tuple[str, ...] = ()


def _stored(seen: Seen) -> bool:
    return sorted(thing["name"] for thing in seen.things) == NAMES and seen.run["counts"]["errors"] == 0


def _in_redis(seen: Seen) -> bool:
    return _stored(seen) and seen.swathe.redis.client.llen("things:items") == len(NAMES)


def _skipped(seen: Seen) -> bool:
    before = len(seen.asked)
    seen.swathe.crawl()
    return _stored(seen) and not any(asked.path.startswith("/thing/") for asked in seen.asked[before:])


def _passed(seen: Seen) -> bool:
    (log,) = (seen.swathe.folder / "data/logs").glob("things-*.log")
    seen.said = log.read_text()
    return _stored(seen) and "Minimum number of items... OK" in seen.said


def _by_scrapyd(seen: Seen) -> bool:
    folder = seen.swathe.folder
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    (folder / "scrapyd.conf").write_text(
        f"[scrapyd]\nhttp_port = {port}\nbind_address = 127.0.0.1\npoll_interval = 0.5\nmax_proc = 2\n"
    )
    (folder / "setup.py").write_text(
        "from setuptools import find_packages, setup\n"
        "setup(name='shop', version='1', packages=find_packages(),\n"
        "      entry_points={'scrapy': ['settings = shop.settings']})\n"
    )
    tools = seen.swathe.python.parent
    seen.swathe.run(tools / "scrapyd-deploy", "--build-egg=shop.egg")
    with subprocess.Popen(
        [tools / "scrapyd"], cwd=folder, env=seen.swathe.environ, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT
    ) as scrapyd:
        try:
            return _scheduled(seen, f"http://127.0.0.1:{port}", folder / "shop.egg")
        finally:
            scrapyd.terminate()


def _scheduled(seen: Seen, scrapyd: str, egg: Path) -> bool:
    with requests.Session() as session:
        session.mount("http://", HTTPAdapter(max_retries=Retry(8, backoff_factor=0.3)))  # until it is up
        project, spider = {"project": "shop"}, {"spider": "things"}
        with egg.open("rb") as file:
            added = session.post(f"{scrapyd}/addversion.json", {**project, "version": "1"}, files={"egg": file}).json()
        job = session.post(f"{scrapyd}/schedule.json", project | spider).json()
        seen.said += f"{added} {job}"
        if job["status"] != "ok":
            return False
        jobs = f"{scrapyd}/listjobs.json"
        until(lambda: session.get(jobs, params=project).json()["finished"], "scrapyd's crawl ends", LONGEST_S)
    things, run = seen.swathe.left()
    return len(things) == len(NAMES) and run["_id"] != seen.run["_id"] and run["arguments"] == seen.run["arguments"]


PLUGINS = [
    Plugin(
        "scrapy-playwright",
        "the list that a script shows, by `PageMethod`; the crawl says that addresses are not checked",
        lambda seen: (
            _stored(seen) and any("DOWNLOAD_HANDLERS" in note or "Playwright" in note for note in seen.run["notes"])
        ),
        settings="""
DOWNLOAD_HANDLERS = {
    "http": "scrapy_playwright.handler.ScrapyPlaywrightDownloadHandler",
    "https": "scrapy_playwright.handler.ScrapyPlaywrightDownloadHandler",
}
PLAYWRIGHT_LAUNCH_OPTIONS = {"executable_path": "CHROMIUM", "args": ["--no-sandbox"]}
""",
        spider=SPIDER.replace(
            'start_urls = ["SITE"]',
            """
    async def start(self):
        from scrapy_playwright.page import PageMethod
        shown = {"playwright": True, "playwright_page_methods": [PageMethod("wait_for_selector", "a.thing")]}
        yield scrapy.Request("SITEjs", meta=shown)
""",
        ),
    ),
    Plugin(
        "scrapy-poet",
        "a page object as a callback's argument, by its annotation",
        _stored,
        settings='ADDONS = {"scraper.addon.Swathe": 300, "scrapy_poet.Addon": 300}',
        spider="from shop.pages import ThingPage\n"
        + SPIDER.replace("parse_thing(self, response", "parse_thing(self, response, page: ThingPage").replace(
            'response.css("h1::text").get()', "page.name"
        ),
        files={
            "shop/pages.py": """
from web_poet import WebPage

class ThingPage(WebPage):
    @property
    def name(self):
        return self.css("h1::text").get()
"""
        },
    ),
    Plugin(
        "spidermon",
        "a monitor sees the items, and passes",
        _passed,
        settings="""
SPIDERMON_ENABLED = True
EXTENSIONS = {"spidermon.contrib.scrapy.extensions.Spidermon": 500}
SPIDERMON_SPIDER_CLOSE_MONITORS = ("shop.monitors.CloseSuite",)
LOG_LEVEL = "INFO"
""",
        files={
            "shop/monitors.py": """
from spidermon import Monitor, MonitorSuite, monitors

@monitors.name("Item count")
class ItemCountMonitor(Monitor):
    @monitors.name("Minimum number of items")
    def test_minimum_number_of_items(self):
        assert self.data.stats["item_scraped_count"] == 3

class CloseSuite(MonitorSuite):
    monitors = [ItemCountMonitor]
"""
        },
    ),
    Plugin(
        "scrapy-redis",
        "its pipeline has every item, and they are stored",
        _in_redis,
        settings='ITEM_PIPELINES = {"scrapy_redis.pipelines.RedisPipeline": 300}\nREDIS_URL = "REDIS_AT"',
    ),
    Plugin(
        "scrapy-impersonate",
        "pages are asked for as Chrome; the crawl says that addresses are not checked",
        lambda seen: (
            _stored(seen)
            and any("Chrome/" in asked.agent for asked in seen.asked)
            and any("impersonate" in note.lower() for note in seen.run["notes"])
        ),
        settings="""
DOWNLOAD_HANDLERS = {
    "http": "scrapy_impersonate.ImpersonateDownloadHandler",
    "https": "scrapy_impersonate.ImpersonateDownloadHandler",
}
USER_AGENT = ""
DOWNLOADER_MIDDLEWARES = {"scrapy_impersonate.RandomBrowserMiddleware": 1000}
""",
    ),
    Plugin(
        "scrapy-user-agents",
        "pages are asked for by other agents than Swathe",
        lambda seen: _stored(seen) and any(asked.agent.startswith("Mozilla/5.0") for asked in seen.asked),
        settings="""
DOWNLOADER_MIDDLEWARES = {
    "scrapy.downloadermiddlewares.useragent.UserAgentMiddleware": None,
    "scrapy_user_agents.middlewares.RandomUserAgentMiddleware": 400,
}
""",
    ),
    Plugin(
        "scrapy-rotating-proxies",
        "pages are asked for by way of its proxy",
        lambda seen: _stored(seen) and sum(asked.target.startswith("http://") for asked in seen.asked) > len(NAMES),
        settings="""
ROTATING_PROXY_LIST = ["SITE"]
DOWNLOADER_MIDDLEWARES = {
    "rotating_proxies.middlewares.RotatingProxyMiddleware": 610,
    "rotating_proxies.middlewares.BanDetectionMiddleware": 620,
}
""",
    ),
    Plugin(
        "itemloaders",
        "an Item, filled by a loader with processors",
        _stored,
        spider="from itemloaders.processors import MapCompose, TakeFirst\nfrom scrapy.loader import ItemLoader\n"
        + SPIDER.replace(
            "class Things",
            """
class Thing(scrapy.Item):
    name = scrapy.Field(input_processor=MapCompose(str.strip), output_processor=TakeFirst())
    url = scrapy.Field(output_processor=TakeFirst())

class Things""",
        ).replace(
            """yield {"name": response.css("h1::text").get(), "url": response.url}""",
            """loader = ItemLoader(Thing(), response)
        loader.add_css("name", "h1::text")
        loader.add_value("url", response.url)
        yield loader.load_item()""",
        ),
    ),
    Plugin(
        "scrapyd",
        "an egg is scheduled by its API; `_job` is no argument of the run",
        lambda seen: _stored(seen) and _by_scrapyd(seen),
        requires=("scrapyd-client", "setuptools<80"),
    ),
    Plugin(
        "scrapy-deltafetch",
        "a second crawl asks for no page that gave an item; Scrapy 2.19 refuses its middleware, so it is made async",
        _skipped,
        settings='SPIDER_MIDDLEWARES = {"shop.delta.AsyncDeltaFetch": 100}\nDELTAFETCH_ENABLED = True',
        files={
            "shop/delta.py": """
from scrapy_deltafetch import DeltaFetch

class AsyncDeltaFetch(DeltaFetch):
    async def process_spider_output(self, response, result):
        async for one in result:
            for kept in super().process_spider_output(response, [one], None):
                yield kept
"""
        },
    ),
]


class Project:
    """A Scrapy project with the add-on, and a database of its own."""

    def __init__(self, python: Path, folder: Path, site: OddSite, redis: RedisProcess, plugin: Plugin) -> None:
        self.python, self.folder, self.redis = python, folder, redis
        texts = {"shop/__init__.py": "", "shop/spiders/__init__.py": "", "shop/spiders/things.py": plugin.spider,
                 "scrapy.cfg": "[settings]\ndefault = shop.settings\n[deploy]\nproject = shop\n",
                 "shop/settings.py": SETTINGS + plugin.settings, **plugin.files}  # fmt: skip
        words = {"REDIS_AT": redis.url, "CHROMIUM": shutil.which("chromium") or "chromium", "SITE": site.url}
        for name, text in texts.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            for word, value in words.items():
                text = text.replace(word, value)
            path.write_text(text)
        kept = {name: value for name, value in os.environ.items() if not name.startswith("SWATHE_")}
        self.environ = {**kept, "SWATHE_MONGODB_DATA_DIR": str(folder / "data"), "NO_COLOR": "1", "COLUMNS": "200"}

    def run(self, *command: Any) -> str:
        """Run a command in the project; return what it printed."""
        done = subprocess.run(list(map(str, command)), cwd=self.folder, env=self.environ, capture_output=True,
                              text=True, timeout=LONGEST_S, check=False)  # fmt: skip
        return done.stdout + done.stderr

    def crawl(self) -> str:
        """Crawl; return what was printed."""
        return self.run(self.python, "-m", "scraper", "crawl", "things")

    def left(self) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        """Return the records and the last run."""
        with Connection(load_config(self.folder, self.environ).mongodb) as database:
            return list(database.things.find()), database.runs.find_one({}, sort=[("started_at", -1)]) or {}


def tried(plugin: Plugin, python: Path) -> tuple[bool, str]:
    """Return whether a plugin works, and the last that was said if it does not."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="plugin-")))
        site = stack.enter_context(OddSite(page_of))
        swathe = Project(python, folder, site, stack.enter_context(RedisProcess(folder / "redis")), plugin)
        stack.callback(swathe.run, python, "-m", "scraper", "db", "stop")
        seen = Seen(swathe, site.asked, swathe.crawl(), *swathe.left())
        works = bool(seen.run) and plugin.check(seen)
        return works, f"{len(seen.things)} stored, {seen.run.get('verdict')}: {seen.said[-1500:]}"


def environment(folder: Path) -> Path:
    """Make an environment with Swathe and the plugins; return its Python."""
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    pip = (folder / "bin/python", "-m", "pip", "--quiet", "--disable-pip-version-check", "install")
    subprocess.run([*pip, "--require-hashes", "-r", ROOT / "requirements.lock"], check=True)
    subprocess.run([*pip, "--no-deps", "--editable", ROOT], check=True)
    wanted = [name for plugin in PLUGINS for name in (plugin.name, *plugin.requires)]
    subprocess.run([*pip, *wanted], check=True)
    return folder / "bin/python"


def main() -> int:
    """Try the plugins and print the table; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", default=[], help="a part of a plugin's name")
    parser.add_argument("--python", type=Path, help="the Python of an environment that has Swathe and the plugins")
    arguments = parser.parse_args()
    chosen = [plugin for plugin in PLUGINS if not arguments.only or any(one in plugin.name for one in arguments.only)]
    failed = 0
    with tempfile.TemporaryDirectory(prefix="plugins-") as name:
        python = arguments.python.absolute() if arguments.python else environment(Path(name) / "env")
        print("| plugin | what was looked at | works |\n|---|---|---|")
        for plugin in chosen:
            ask = f"from importlib.metadata import version; print(version({plugin.name!r}))"
            version = subprocess.run([python, "-c", ask], capture_output=True, text=True, check=True).stdout.strip()
            works, why = tried(plugin, python)
            failed += not works
            print(f"| {plugin.name} {version} | {plugin.looked_at} | {'yes' if works else 'no'} |", flush=True)
            if not works:
                print(why, file=sys.stderr)
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
