"""Watches: each change told once, across crashes and processes, to targets that are slow, broken or lead elsewhere."""

from __future__ import annotations

import re
import signal
import threading
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import feedparser  # type: ignore[import-untyped]
import pytest
from bson import ObjectId
from found_books import book
from hook import WHSEC, Hook, listening
from mirror import SITE, with_books
from practice import PracticeServer
from pymongo.collection import Collection
from support import configured, until

from models.books import Book
from models.record import UNTOLD, Found
from models.watches import Notice
from scraper.core.config import WATCH
from scraper.errors import ConfigError
from scraper.events.outbox import Outbox
from scraper.schedule.alerts.webhooks import webhooks_of
from scraper.storage.connection import connection_to
from scraper.storage.records.gone import mark_gone
from scraper.storage.records.store import Store
from scraper.watch.condition import read_watch
from scraper.watch.feed import atom
from scraper.watch.notices import gather, message_of, prepare
from scraper.watch.teller import Telling

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pymongo.database import Database
    from support import Swathe

    from scraper.core.config import Config

    Mongo = Database[dict[str, Any]]

NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)


@pytest.fixture
def hook() -> Iterator[Hook]:
    with listening() as hook:
        yield hook


@pytest.fixture
def configure(data_dir: Path, database: Mongo, server: Any) -> Iterator[Callable[..., Config]]:
    """What gives a configuration with watches, while MongoEngine is connected to the test's database."""
    used = []

    def configure(hook: Hook | None = None, **watches: str) -> Config:
        environ = {"SWATHE_MONGODB_DATA_DIR": str(data_dir), "SWATHE_MONGODB_DATABASE": database.name}
        if hook is not None:
            environ |= {"SWATHE_ALERTS_WEBHOOKS": hook.url, "SWATHE_ALERTS_WEBHOOK_SECRET": WHSEC}
        environ["SWATHE_ALERTS_TIMEOUT_S"] = "1"
        config = configured(**environ, **{f"SWATHE_WATCH_{name.upper()}": line for name, line in watches.items()})
        prepare(connection_to(config.mongodb).open())
        used.append(config)
        return config

    yield configure
    for config in used:
        connection_to(config.mongodb).close()


def stored(config: Config, *founds: Found, run: ObjectId | None = None) -> None:
    Store(connection_to(config.mongodb), run or ObjectId(), "books", config.listeners).write(founds)


def tell(database: Mongo, config: Config) -> list[str]:
    """Gather, and return what was told as `watch: how key`."""
    before = {row["_id"] for row in database.notices.find()}
    gather(database, [read_watch(name, line) for name, line in config.watch.items()], [], datetime.now(UTC))
    told = database.notices.find({"_id": {"$nin": list(before)}})
    return sorted(f"{row['watch']}: {one['how']} {one['key']}" for row in told for one in row["first"])


def killed(*_: object) -> None:
    raise KeyboardInterrupt


def told_by(database: Mongo) -> Counter[str]:
    """Return in how many notices each change is, by watch and id."""
    noticed = Counter(part for notice in database.notices.find() for part in notice["parts"])
    told: Counter[str] = Counter()
    for part in database.notice_parts.find():
        told.update({f"{part['watch']} {id_}": noticed[part["_id"]] for id_ in part["tells"]})
    return told


def test_a_watch_tells_what_enters_leaves_and_moves(configure: Any, database: Mongo) -> None:
    config = configure(
        cheap="books price<10 category=Travel", drop="books price drop 5%", rise="books price rise 2.50",
        any="books changed title,stock", gone="books gone", new="books new rating>=4",
    )  # fmt: skip
    travel = {"category": "Travel", "rating": 4}
    stored(config, book("a", "9.00", **travel), book("b", "12.00", **travel), book("c", "9.00", rating=1))
    assert tell(database, config) == ["cheap: entered a", "new: new a", "new: new b"]
    stored(config, book("a", "8.60", **travel), book("b", "9.99", **travel), book("c", "9.00", title="See"))
    assert tell(database, config) == ["any: changed c", "cheap: entered b", "cheap: moved a", "drop: dropped b"]
    stored(config, book("a", "8.60", category="Poetry"), book("b", "12.49", **travel))
    assert tell(database, config) == ["cheap: left a", "cheap: left b", "rise: rose b"]
    run = {"spider": "books", "arguments": {}, "state": "finished", "started_at": datetime.now(UTC)}
    first = database.runs.insert_one(run.copy()).inserted_id
    stored(config, book("d", "5.00", **travel), run=first)
    later = database.runs.insert_one({**run, "started_at": datetime.now(UTC) + timedelta(hours=1)}).inserted_id
    mark_gone(database, [Book], later, datetime.now(UTC) + timedelta(hours=1), config.listeners)
    assert tell(database, config) == ["cheap: entered d", "cheap: left d", "gone: gone d", "new: new d"]
    stored(config, book("d", "5.00", **travel))
    assert tell(database, config) == ["cheap: entered d", "gone: back d"]
    assert tell(database, config) == []
    assert UNTOLD not in (database.books.find_one() or {UNTOLD: 1})


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("books prize<10", "did you mean 'price'"),
        ("books price<cheap", "'price' is compared with 'cheap', expected a number"),
        ("boks price<10", "did you mean 'books'"),
        ("books title drop 5%", "'title' is no number"),
        ("books price drop", "is followed by ''"),
        ("books price drop 0%", "is followed by '0%'"),
        ("books changed tagz", "'tagz' is not a field"),
        ("books gone new", "'gone' and 'new'"),
        ("books title~'", "No closing quotation"),
        ("books ../..<3", "is not a field"),
    ],
)
def test_a_watch_that_cannot_be_kept_is_one_line(line: str, expected: str) -> None:
    with pytest.raises(ConfigError) as found:
        read_watch("w", line)
    assert expected in str(found.value)
    assert str(found.value).startswith(f"the watch 'w' ({line}) cannot be kept: ")
    assert "\n" not in str(found.value)


@pytest.mark.parametrize(("name", "line"), [("..%2F..", "books new"), ("\x1b[2j", "books new"), ("a", "books")])
def test_a_name_that_is_none_and_half_a_line_are_found_when_the_configuration_is_read(name: str, line: str) -> None:
    with pytest.raises(ConfigError, match=r"has a watch|expected RECORDS and a condition") as found:
        configured(**{f"SWATHE_WATCH_{name.upper()}": line})
    assert "\x1b" not in str(found.value)


def test_a_broken_watch_is_named_and_the_others_are_kept(
    swathe: Swathe, configure: Any, database: Mongo, hook: Hook
) -> None:
    swathe.extra |= {"SWATHE_WATCH_BAD": "books prize<10", "SWATHE_WATCH_GOOD": "books new"}
    assert "SWATHE_WATCH_BAD" in swathe("doctor", code=1).out
    listed = swathe("watch", "list", code=2)
    assert "good" in listed.out
    assert "'prize' is not a field" in listed.error_line
    config = configure(hook, bad="books prize<10", good="books new")
    stored(config, book("a", "1.00"))
    telling = Telling(config)
    with pytest.raises(ConfigError, match="prize"):
        telling.act(is_last=True)
    assert [message["watch"] for message in hook.taken] == ["good"]


def test_two_that_gather_at_once_and_one_that_was_killed_tell_each_change_once(
    configure: Any, database: Mongo, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = configure(cheap="books price<10")
    watch = read_watch("cheap", "books price<10")
    stored(config, *(book(f"{number}", "5.00") for number in range(50)))
    barrier = threading.Barrier(4)

    def one(number: int) -> None:
        barrier.wait()
        gather(database, [watch], [str(number)], NOW)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    stored(config, *(book(f"{number}", "5.00") for number in range(40, 60)))
    for place in ("scraper.watch.notices.Outbox.told", "scraper.watch.notices._insert_notice"):
        with monkeypatch.context() as patched:  # killed after the part was written, and before it is in a notice
            patched.setattr(place, killed)
            with pytest.raises(KeyboardInterrupt):
                gather(database, [watch], [], NOW)
    update_many = Collection.update_many
    with monkeypatch.context() as patched:  # and before it is known to be in a notice

        def killed_at_parts(collection: Any, *arguments: Any) -> Any:
            return killed() if collection.name == "notice_parts" else update_many(collection, *arguments)

        patched.setattr(Collection, "update_many", killed_at_parts)
        with pytest.raises(KeyboardInterrupt):
            gather(database, [watch], [], NOW)
    stored(config, book("last", "5.00"))
    gather(database, [watch], [], NOW)
    assert told_by(database) == Counter(f"cheap books/{row['_id']}/new" for row in database.books.find())
    assert sum(notice["total"] for notice in database.notices.find()) == 61
    assert Outbox(database, WATCH).waiting() == (0, None)


def test_a_watch_of_unknown_records_takes_the_connection_from_nobody(
    configure: Any, database: Mongo, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = configure(odd="nowhere new", new="books new")
    monkeypatch.setattr("scraper.query.documents.load_config", lambda: config)
    stored(config, book("a", "1.00"))
    with pytest.raises(ConfigError, match="there are no records 'nowhere'"):
        Telling(config).act(is_last=False)
    assert Notice.objects.count() == 1, "MongoEngine is still connected, and the other watch is kept"


def test_changes_wait_for_the_end_of_their_run_but_not_for_ever(configure: Any, database: Mongo) -> None:
    config = configure(new="books new")
    run = database.runs.insert_one({"spider": "books", "state": "running"}).inserted_id
    stored(config, book("a", "1.00"), run=run)
    stored(config, book("b", "1.00"))
    assert tell(database, config) == ["new: new b"]
    database.books.update_one({"upc": "a"}, {"$set": {"first_seen": datetime.now(UTC) - timedelta(hours=2)}})
    assert tell(database, config) == ["new: new a"]


def test_very_many_changes_are_one_message_with_a_count_and_the_first_ten(configure: Any, database: Mongo) -> None:
    config = configure(any="books changed")
    stored(config, *(book(f"{number:04}", "5.00") for number in range(1_200)))
    tell(database, config)
    stored(config, *(book(f"{number:04}", "6.00", title="x" * 9_000) for number in range(1_200)))
    assert len(tell(database, config)) == 10
    (notice,) = database.notices.find()
    message = message_of(notice)
    assert (notice["total"], message.title) == (1_200, "swathe: any: 1200 changed")
    assert len(message.body.splitlines()) == 12
    assert message.body.splitlines()[10] == "… and 1190 more"
    assert len(message.body) < 10_000


def test_what_a_page_wrote_can_neither_steer_a_terminal_nor_call_people(configure: Any, database: Mongo) -> None:
    config = configure(new="books new")
    stored(config, book("../..<!channel>", "5.00", title="\x1b[2J [x](http://y)"))
    tell(database, config)
    (notice,) = database.notices.find()
    message = message_of({**notice, "line": "books new title~\x1b[2J@everyone"})
    assert not set("\x1b<[`@") & set(message.title + message.body)

    feed = feedparser.parse(atom(database, ["new"]))
    assert (feed.bozo, feed.feed.title, feed.entries[0].id) == (
        False,
        "swathe: new",
        f"urn:swathe:{database.name}:{message.id}",
    )
    assert "entered" not in feed.entries[0].title
    assert "\u2039!channel\u203a" in feed.entries[0].content[0].value


def test_a_webhook_that_is_slow_fails_or_redirects_delays_nobody_else_and_hears_each_notice_once(
    configure: Any, database: Mongo, hook: Hook, caplog: pytest.LogCaptureFixture
) -> None:
    config = configure(hook, new="books new")
    telling = Telling(config)
    stored(config, book("a", "5.00"))
    waited_s = []
    for trouble in ({"status": 500}, {"status": 302}, {"slow": True}):
        hook.status, hook.slow = trouble.get("status", 200), bool(trouble.get("slow"))
        database.notices.update_many({}, {"$set": {"next_try_at": NOW}})
        began = time.monotonic()
        telling.act(is_last=False)
        waited_s.append(time.monotonic() - began)
    asked = hook.asked
    telling.act(is_last=False)
    assert (hook.asked, asked) == (3, 3), "a redirect is not followed, and a further try waits its time"
    assert max(waited_s) < 10, "a second, and what a busy machine adds; the dripping answer takes twenty"
    hook.status, hook.slow = 200, False
    # Put off for a year: the clock has been set back since.
    database.notices.update_many({}, {"$set": {"next_try_at": datetime.now(UTC) + timedelta(days=365)}})
    for _ in range(2):
        telling.act(is_last=False)
    (told,) = hook.taken
    assert (told["watch"], told["total"], told["changes"][0]["key"]) == ("new", 1, "a")
    assert told["id"] == f"notices/{database.notices.find_one({})['_id']}"  # type: ignore[index]
    assert "redirects are not followed" in caplog.text
    assert "webhook 1 answers 500" in caplog.text
    assert "s3cret" not in caplog.text


@pytest.mark.parametrize(
    ("webhooks", "secret", "expected"),
    [
        ("ftp://h/", "x", "address 1 is none"),
        ("http://a/, http://u:s3cret@h/", "x", "address 2 is none"),
        ("http://h/", "", "webhook_secret is empty"),
        ("http://h/", "whsec_???", "no base64"),
    ],
)
def test_webhooks_that_cannot_be_used_are_one_line_without_secrets(webhooks: str, secret: str, expected: str) -> None:
    config = configured(SWATHE_ALERTS_WEBHOOKS=webhooks, SWATHE_ALERTS_WEBHOOK_SECRET=secret)
    with pytest.raises(ConfigError, match=expected) as found:
        webhooks_of(config.alerts)
    assert "s3cret" not in str(found.value)


def test_a_webhook_without_a_secret_spoils_no_crawl_and_is_found_by_the_doctor(swathe: Swathe) -> None:
    swathe.extra |= {"SWATHE_WATCH_NEW": "books new", "SWATHE_ALERTS_WEBHOOKS": "http://127.0.0.1:9/"}
    with PracticeServer(SITE) as site:
        swathe("crawl", "books", "--start", f"{site.url}books/", "--max-pages", "2", code=3)
    assert re.search(r"FAULT webhooks .*webhook_secret is empty", swathe("doctor", code=1).out)


def test_the_history_shows_what_a_watch_would_have_told(swathe: Swathe, configure: Any) -> None:
    config = configure()
    assert config.listeners == (), "what was stored before there was a watch"
    stored(config, book("a", "9.00"), book("b", "20.00"))
    stored(config, book("a", "8.00"), book("b", "9.50", title="Sea, again"))
    stored(config, book("a", "80.00"))
    swathe.extra["SWATHE_WATCH_CHEAP"] = "books price<10"
    lines = swathe("watch", "test", "cheap", "--since", "-1d").out.splitlines()
    assert [line.split(" UTC ")[1].split(" (")[0] for line in lines[:-1]] == [
        "entered: a, price 9.00", "entered: b, price 20.00 → 9.50", "moved: a, price 9.00 → 8.00",
        "left: a, price 8.00 → 80.00",
    ]  # fmt: skip
    assert lines[-1].startswith("4 since ")
    assert lines[-1].endswith(", 2 entered, 1 left, 1 moved")
    assert swathe("watch", "test", "cheap", "--since", "tomorrow").out.startswith("0 since")
    assert "did you mean 'cheap'" in swathe("watch", "test", "sheap", code=2).error_line


def test_crawls_that_are_killed_tell_each_change_once(swathe: Swathe, database: Mongo, hook: Hook) -> None:
    dearer = with_books(
        [
            book if number % 3 else book.__class__(**{**vars(book), "price": book.price + 1})
            for number, book in enumerate(SITE.all_books)
        ]
    )
    swathe.extra |= {
        "SWATHE_WATCH_NEW": "books new", "SWATHE_WATCH_RISE": "books price rise 1%",
        "SWATHE_ALERTS_WEBHOOKS": hook.url, "SWATHE_ALERTS_WEBHOOK_SECRET": WHSEC,
    }  # fmt: skip
    options = ["--set", "store.batch_wait_ms=0", "--set", "crawl.concurrency=2"]
    port = 0
    for site in (SITE, dearer):
        with PracticeServer(site, latency_ms=30, port=port) as server:
            port = server.port
            arguments = ["crawl", "books", "--start", f"{server.url}books/", *options]
            crawl = swathe.start(*arguments)
            count = database.books if site is SITE else database.changes
            until(lambda count=count: count.count_documents({}) >= 3, "it stores")
            crawl.send_signal(signal.SIGKILL)
            crawl.communicate(timeout=60)
            swathe(*arguments)
    expected = {f"new books/{row['_id']}/new" for row in database.books.find()}
    expected |= {f"rise {row['_id']}" for row in database.changes.find({"field": "price"})}
    assert told_by(database) == Counter(expected)
    assert Counter(message["id"] for message in hook.taken) == Counter(
        f"notices/{row['_id']}" for row in database.notices.find()
    )
    assert sum(message["total"] for message in hook.taken) == len(expected)
