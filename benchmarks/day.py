"""Live two days with a project: what goes wrong is said by `swathe status`, told once, and over when it is mended.

    python benchmarks/day.py
    python benchmarks/day.py --saved /where/saved/sites/are --logins 30

A project of its own with ten spiders, on schedules, whose sites are the practice site (with `--saved`, a folder with a
`serve.py` and `quotes.toscrape.com`, three of them are saved). One day all is well. On the next a spider breaks and is
mended, the prices of a shop fall, a spider breaks and is removed, a file is broken and mended, the scheduler is killed,
and the database is away for a minute. Then a spider that logs in runs so many times. The crawls, the scheduler, MongoDB
and who is told are real; only the clock is turned, with Debian's faketime. Printed is what `swathe status` said, and
whether each thing that was expected is so. Exits 1 when one is not.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests"), str(ROOT)]

from hook import WHSEC, Hook, listening  # noqa: E402
from practice import Fault, PracticeServer, enlarge, load_site  # noqa: E402
from pymongo import MongoClient  # noqa: E402
from support import Swathe, until  # noqa: E402

from scraper.storage.embedded.binary import find_mongod  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pymongo.database import Database

LONGEST_S = 900.0
SITE = enlarge(load_site(), quotes=40, books=60)
CHEAPER = replace(
    SITE,
    all_books=tuple(
        replace(book, price=(book.price * Decimal("0.8")).quantize(Decimal("0.01")))
        if book.price and number % 6 == 0
        else book
        for number, book in enumerate(SITE.all_books)
    ),
)
FELL = sum(old.price != new.price for old, new in zip(SITE.all_books, CHEAPER.all_books, strict=True))

MORE = {
    "scroll": ("quotes", "QuotesSpider"), "tag": ("quotes", "QuotesSpider"), "js": ("quotes", "QuotesSpider"),
    "travel": ("books", "BooksSpider"), "old": ("quotes_table", "QuotesTableSpider"),
}  # fmt: skip
"""Spiders besides the bundled five: the module and the class that each is made of."""

STARTS = {
    "quotes": "quotes/", "quotes-table": "quotes/tableful/", "quotes-login": "quotes/members/",
    "quotes-filter": "quotes/search.aspx", "books": "books/", "scroll": "quotes/scroll", "js": "quotes/js/",
    "tag": "quotes/tag/{tag}/page/1/", "old": "quotes/tableful/",
    "travel": "books/catalogue/category/books/travel_2/index.html",
}  # fmt: skip
SAVED = {"scroll": "scroll", "tag": "tag/love/", "js": "js/"}
TIMES = {"quotes": "0 6,12,14 * * *", "quotes-table": "0 6,12 * * *"}
EXTRA = """from day.spiders.{module} import {kind}


class Own({kind}):
    name = "{name}"
"""


class Clock:
    """The clock of the project's processes, which can be turned while they run."""

    def __init__(self, file: Path) -> None:
        self._file = file
        shown = subprocess.run(["faketime", "-m", "-f", "+0", "env"], check=True, capture_output=True, text=True).stdout
        preload = next(line for line in shown.splitlines() if line.startswith("LD_PRELOAD="))
        self.environ = {
            "LD_PRELOAD": preload.partition("=")[2], "FAKETIME_TIMESTAMP_FILE": str(file), "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1", "PYTHONPATH": str(ROOT / "tests" / "faked_clock"), "TZ": "UTC",
        }  # fmt: skip
        # The first of the two days is tomorrow: no clock goes back.
        self._ahead_s = 0.0
        self.midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)

    def turn(self, day: int, hour: int, minute: int = 0, second: int = 0) -> None:
        """Put the clock to a time of the first day (0), the second (1), or later."""
        at = self.midnight + timedelta(days=day, hours=hour, minutes=minute, seconds=second)
        self._ahead_s = round((at - datetime.now(UTC)).total_seconds())
        self._file.write_text(f"{self._ahead_s:+.0f}")

    def __call__(self) -> float:
        """Return what it shows, in seconds since 1970."""
        return time.time() + self._ahead_s


class Expectations:
    """What was expected, and whether it was so."""

    def __init__(self) -> None:
        self.failed = 0

    def __call__(self, what: str, found: Any, expected: Any) -> None:
        """Print whether something is as expected."""
        held = found == expected
        self.failed += not held
        print(f"{'ok  ' if held else 'FAIL'} {what}{'' if held else f': {found}, expected {expected}'}", flush=True)


class Server:
    """A mongod of the project's own, which can be taken away."""

    def __init__(self, folder: Path) -> None:
        self._command = [
            str(find_mongod()), "--dbpath", str(folder), "--bind_ip", str(folder / "mongod.sock"), "--port", "27017",
            "--quiet", "--logpath", str(folder / "log"), "--logappend",
        ]  # fmt: skip
        folder.mkdir()
        self.uri = f"mongodb://{str(folder / 'mongod.sock').replace('/', '%2F')}/?serverSelectionTimeoutMS=2000"

    def __enter__(self) -> Server:
        self._process = subprocess.Popen(self._command)
        client: MongoClient[dict[str, Any]] = MongoClient(self.uri, tz_aware=True)
        until(lambda: client.admin.command("ping"), "MongoDB answers", LONGEST_S)
        self.database = client.get_database("day")
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()


class Project:
    """A project with ten spiders, its scheduler, and what `swathe status` says of it."""

    def __init__(self, folder: Path, swathe: Swathe, database: Database[dict[str, Any]]) -> None:
        self.folder, self._swathe, self.database = folder, swathe, database
        self._scheduler: subprocess.Popen[str] | None = None

    def write(self, starts: dict[str, str]) -> None:
        """Write the project: the bundled spiders, and more that are made of them."""
        self._swathe("init", str(self.folder), "--bare", cwd=self.folder.parent)
        for part in ("spiders", "models"):
            names = ("books.py", "quotes.py", "quotes_filter.py", "quotes_login.py", "quotes_table.py")
            for module in (ROOT / part / name for name in names if (ROOT / part / name).exists()):
                own = self.folder / "day" / part / module.name
                text = module.read_text()
                for document in ("books", "quotes"):
                    text = text.replace(f"from models.{document} ", f"from day.models.{document} ")
                own.write_text(text)
        for name, (module_name, kind) in MORE.items():
            text = EXTRA.format(module=module_name, kind=kind, name=name)
            (self.folder / "day" / "spiders" / f"{name}.py").write_text(text)
        self.schedule(
            {name: f"{TIMES.get(name, '0 6 * * *')} | start={start}" for name, start in starts.items()}
            | {"digest": "30 6 * * *"}
        )

    def schedule(self, lines: dict[str, str]) -> None:
        """Write the schedules."""
        self.lines = lines
        text = "\n".join(f"{name} = {line}" for name, line in lines.items())
        (self.folder / "config.local.ini").write_text(f"[schedule]\n{text}\n\n[watch]\nfell = books price drop 5%\n")

    def spider(self, name: str) -> Path:
        """Return the file of one of the spiders that were added."""
        return self.folder / "day" / "spiders" / f"{name}.py"

    def swathe(self, *arguments: str, code: int | None = 0) -> str:
        """Run a command in the project and return what it prints."""
        return self._swathe(*arguments, code=code, cwd=self.folder).out

    def start_scheduler(self) -> None:
        """Start `swathe schedule run`, and wait until it has looked for the first time."""
        before = self.database.schedulers.count_documents({})
        self._scheduler = self._swathe.start("schedule", "run", cwd=self.folder)
        until(lambda: self.database.schedulers.count_documents({}) > before, "the scheduler looks", LONGEST_S)

    def end_scheduler(self, *, kill: bool = False) -> None:
        """End it as systemd does, or kill it."""
        if self._scheduler is not None:
            (self._scheduler.kill if kill else self._scheduler.terminate)()
            _, self.log = self._scheduler.communicate(timeout=LONGEST_S)
            self._scheduler = None

    def ended(self, count: int, day: int, since: Clock) -> None:
        """Wait until so many firings that were due since the morning of a day are over, and all is told."""
        morning = since.midnight + timedelta(days=day)
        over = {"state": "done", "due": {"$gte": morning}}
        until(lambda: self.database.firings.count_documents(over) >= count, f"{count} firings are over", LONGEST_S)
        self.told()

    def told(self) -> None:
        """Wait until nobody is to be told of anything."""
        waits: dict[str, Any] = {"to_tell": {"$ne": []}}
        until(
            lambda: not self.database.incidents.count_documents(waits) + self.database.notices.count_documents(waits),
            "all is told", LONGEST_S,
        )  # fmt: skip

    def status(self, what: str, *, show: bool = True) -> set[str]:
        """Print `swathe status` in 80 columns, and return the problems that its JSON has, as `kind subject`."""
        text = self.swathe("status", code=None)
        if (widest := max(map(len, text.splitlines()))) > 80:
            raise SystemExit(f"a line of the status has {widest} columns, expected 80 at most")
        print(f"\n== {what}\n{text}" if show else f"\n== {what}", flush=True)
        said = json.loads(self.swathe("status", "--format", "json", code=None))
        missing = [one["subject"] for one in said["problems"] if one["subject"] not in text]
        if missing or said["fine"] is bool(said["problems"]):
            raise SystemExit(f"the status in 80 columns and that in JSON differ: {missing}")
        return {f"{one['kind']} {one['subject']}" for one in said["problems"]}


@contextmanager
def saved_site(folder: Path | None) -> Iterator[str]:
    """Yield the address of the saved quotes; an empty text without them."""
    if folder is None:
        yield ""
        return
    command = [sys.executable, str(folder / "serve.py"), "quotes.toscrape.com", "--port", "0"]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        try:
            assert server.stdout is not None
            yield server.stdout.readline().split()[-1].rstrip("/") + "/"
        finally:
            server.kill()


def live(
    project: Project, clock: Clock, mongod: Server, quotes: PracticeServer, hook: Hook, expect: Expectations
) -> None:
    """Live the two days."""
    books = PracticeServer(SITE, port=0)
    with books as shop:
        port = shop.port
        project.schedule({name: line.replace("{shop}", shop.url) for name, line in project.lines.items()})
        project.start_scheduler()
        clock.turn(0, 6)
        project.ended(10, 0, clock)
        clock.turn(0, 6, 30)
        project.ended(11, 0, clock)
        expect("on a good day nothing is wrong", project.status("the first morning"), set())
        expect("and nobody is told but of the digest", Counter(kind(told) for told in hook.taken), {"digest": 1})
        for count, hour in ((13, 12), (14, 14)):
            clock.turn(0, hour)
            project.ended(count, 0, clock)
    quotes.faults["/quotes/tableful/"] = Fault(status=404)
    with PracticeServer(CHEAPER, port=port):
        clock.turn(1, 6)
        project.ended(10, 1, clock)
    clock.turn(1, 6, 30)
    project.ended(11, 1, clock)
    found = project.status("two spiders broke, prices fell")
    expect("status names both that broke", found, {"run quotes-table", "run old"})
    compared = json.loads(project.swathe("runs", "compare", *runs_of(project, "books"), "--format", "json"))
    expect(
        "runs compare shows what fell since the day before",
        sum("price" in one["fields"] for one in compared["changes"]),
        FELL,
    )
    notices = [told for told in hook.taken if kind(told) == "notice"]
    expect("the watch tells of each price once", sum(told["total"] for told in notices), FELL)
    mend_and_remove(project, clock, quotes, expect)
    without_scheduler(project, clock, hook, expect)
    without_database(project, clock, mongod, expect)
    tell(project, hook, expect)


def mend_and_remove(project: Project, clock: Clock, quotes: PracticeServer, expect: Expectations) -> None:
    """Break a file and mend it, remove a spider, and mend the site of another."""
    clock.turn(1, 8)
    text = project.spider("travel").read_text()
    project.spider("travel").write_text("def (")
    until(lambda: project.database.incidents.find_one({"kind": "broken"}), "the broken file is seen", LONGEST_S)
    project.told()  # one that is over before anybody heard of it is told to nobody
    found = project.status("a file is broken", show=False)
    expect("status names the broken file", found, {"run quotes-table", "run old", "broken day/spiders/travel.py"})
    project.spider("travel").write_text(text)
    until(lambda: not project.database.incidents.find_one({"kind": "broken", "open": True}), "it is mended", LONGEST_S)
    project.spider("old").unlink()
    project.schedule({name: line for name, line in project.lines.items() if name != "old"})
    quotes.faults.clear()
    clock.turn(1, 9)
    found = project.status("the file is mended, a spider removed", show=False)
    expect("status forgets both", found, {"run quotes-table"})


def without_scheduler(project: Project, clock: Clock, hook: Hook, expect: Expectations) -> None:
    """Kill the scheduler before noon, and start another one after it."""
    project.end_scheduler(kill=True)
    beats = hook.beats
    clock.turn(1, 12, 5)
    found = project.status("the scheduler was killed")
    late = {"late quotes", "late quotes-table"}
    expect("status says that none lives and what is late", found, {"scheduler scheduler", "run quotes-table", *late})
    expect("its heartbeat has stopped", hook.beats, beats)
    project.start_scheduler()
    project.ended(13, 1, clock)
    expect("another one makes up for it", project.status("another scheduler", show=False), set())
    expect("and is heard", hook.beats > beats > 0, True)


def without_database(project: Project, clock: Clock, mongod: Server, expect: Expectations) -> None:
    """Take the database away for the minute in which a schedule is due."""
    clock.turn(1, 13, 59, 50)
    mongod.__exit__()
    found = project.status("the database is away")
    expect("status says so", found, {"database database"})
    clock.turn(1, 14, 0, 50)
    mongod.__enter__()
    project.ended(14, 1, clock)
    expect("all goes on when it is back", project.status("the evening of the second day"), set())


def tell(project: Project, hook: Hook, expect: Expectations) -> None:
    """Hold what was told against what happened."""
    project.told()
    sent = Counter(told["id"] for told in hook.taken)
    expect("nothing is told twice", [id_ for id_, times in sent.items() if times > 1], [])
    expect("each digest and notice", Counter(kind(told) for told in hook.taken if kind(told) != "incident"),
           {"digest": 2, "notice": project.database.notices.count_documents({})})  # fmt: skip
    titles = Counter(told["title"] for told in hook.taken if kind(told) == "incident")
    expected = (
        "quotes-table: failed", "quotes-table is back to normal", "old: failed", "old is over",
        "day/spiders/travel.py: cannot be loaded", "day/spiders/travel.py is back to normal",
    )  # fmt: skip
    expect("each incident and its end, once", titles, dict.fromkeys((f"swathe: {title}" for title in expected), 1))
    expect("and none is open", project.database.incidents.count_documents({"open": True}), 0)


def log_in(
    project: Project, clock: Clock, quotes: PracticeServer, start: str, times: int, expect: Expectations
) -> None:
    """Let a schedule of the spider that logs in be due so many times."""
    project.end_scheduler()
    project.schedule({"quotes-login": f"0 * * * * | start={start}"})
    clock.turn(2, 0, 30)
    project.start_scheduler()
    for number in range(1, times + 1):
        clock.turn(2, number, 0, 1)
        project.ended(number, 2, clock)
    results = Counter(
        row["result"] for row in project.database.firings.find({"due": {"$gte": clock.midnight + timedelta(2)}})
    )
    expect(f"{times} scheduled runs of the login spider are complete", results, {"complete": times})
    logins = sum(one.method == "POST" and one.path == "/quotes/login" for one in quotes.requests)
    expect("with one login, those of the two days before included", logins, 1)


def kind(told: dict[str, Any]) -> str:
    """Return what a message is about."""
    return str(told["id"]).partition("/")[0].removesuffix("s")


def runs_of(project: Project, spider: str) -> list[str]:
    """Return the ids of the runs of a spider, the earliest first."""
    return [str(row["_id"]) for row in project.database.runs.find({"spider": spider}, sort=[("started_at", 1)])]


def main() -> int:
    """Live the days; return 1 when something was not as expected."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--saved", type=Path, help="folder of saved sites, with a serve.py")
    parser.add_argument("--logins", type=int, default=30, help="scheduled runs of the spider that logs in")
    options = parser.parse_args()
    if shutil.which("faketime") is None:
        raise SystemExit("faketime is not installed: `make day` installs Debian's")
    expect, began = Expectations(), time.monotonic()
    with tempfile.TemporaryDirectory(prefix="day") as name, ExitStack() as stack:
        folder = Path(name)
        mongod = stack.enter_context(Server(folder / "db"))
        quotes = stack.enter_context(PracticeServer(SITE))
        saved = stack.enter_context(saved_site(options.saved))
        hook = stack.enter_context(listening())
        clock = Clock(folder / "clock")
        clock.turn(0, 5)
        hook.clock = clock
        environ = {
            **{name: value for name, value in os.environ.items() if not name.startswith("SWATHE_")}, **clock.environ,
            "SWATHE_MONGODB_URI": mongod.uri, "SWATHE_MONGODB_DATABASE": "day", "COLUMNS": "80", "NO_COLOR": "1",
            "SWATHE_SCHEDULER_POLL_S": "0.2", "SWATHE_SCHEDULER_RETRIES": "0", "SWATHE_SCHEDULER_LEASE_S": "5",
            "SWATHE_ALERTS_WEBHOOKS": hook.url, "SWATHE_ALERTS_WEBHOOK_SECRET": WHSEC,
            "SWATHE_ALERTS_HEARTBEAT_URL": hook.heartbeat,
        }  # fmt: skip
        project = Project(folder / "day", Swathe(environ, "day", longest_s=LONGEST_S), mongod.database)
        stack.callback(project.end_scheduler)
        tag = next(iter(SITE.listed_by_tag))
        starts = {
            name: f"{'{shop}' if path.startswith('books') else quotes.url}{path.format(tag=tag)}"
            for name, path in STARTS.items()
        } | ({name: f"{saved}{path}" for name, path in SAVED.items()} if saved else {})
        project.write(starts)
        live(project, clock, mongod, quotes, hook, expect)
        log_in(project, clock, quotes, starts["quotes-login"], options.logins, expect)
    print(f"\n{expect.failed or 'nothing'} not as expected, {time.monotonic() - began:.0f} s", flush=True)
    return int(bool(expect.failed))


if __name__ == "__main__":
    sys.exit(main())
