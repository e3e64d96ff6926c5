"""Kill crawls, the scheduler, and the broker that they publish to, and hold what was told against the history.

    python benchmarks/events.py --kills 50
    python benchmarks/events.py --kills 20 --broker redis --seed 7

A practice site that changes whenever a crawl has come to its end is crawled again and again, with a MongoDB of its own
and a real RabbitMQ or Redis, while a scheduler runs and two watches tell a webhook. At some moment of each crawl it is
killed, or the broker, or both, or the scheduler, and the next one goes on. Printed is how many messages came, how many
of them twice, how many changes and new records the broker was not told of, and how many messages are about something
that the history does not know; and the same of the watches, whose changes are to be in one notice each. Exits 1 when
anything was lost or unknown, or is in two notices.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests"), str(ROOT)]

from disturbed import QUICK, sites  # noqa: E402
from hook import WHSEC, listening  # noqa: E402
from practice import PracticeServer  # noqa: E402
from rabbitmq_process import Listener, RabbitMQProcess  # noqa: E402
from redis_process import RedisProcess  # noqa: E402
from support import Swathe, until  # noqa: E402

from scraper.core.config import load_config  # noqa: E402
from scraper.storage.connection import Connection  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator

Broker = RabbitMQProcess | RedisProcess
BOOKS, LONGEST_S = 120, 300.0
STATES = sites(BOOKS)[:2]


class Heard:
    """What a broker was told, kept in the order in which it came."""

    def __init__(self, broker: Broker) -> None:
        self._redis = broker.client if isinstance(broker, RedisProcess) else None
        self._listener = Listener(broker) if isinstance(broker, RabbitMQProcess) else None

    def messages(self) -> Iterator[dict[str, Any]]:
        """Yield every message."""
        if self._listener is not None:
            yield from (json.loads(body) for _, body in self._listener.messages())
        if self._redis is not None:
            yield from (json.loads(entry["message"]) for _, entry in self._redis.xrange("swathe"))


def disturb(swathe: Swathe, broker: Broker, kills: int, chance: random.Random) -> Counter[str]:
    """Crawl a site that changes, and kill so many times; return how often what was killed."""
    scheduler = swathe.start("schedule", "run")
    with PracticeServer(STATES[0]) as server:
        port = server.port
    killed, crawls = Counter[str](), 0
    while killed.total() < kills:
        with PracticeServer(STATES[crawls % 2], port=port, latency_ms=25):
            crawl = swathe.start("crawl", "books", "--start", f"http://127.0.0.1:{port}/books/", *QUICK)
            try:
                crawl.communicate(timeout=chance.uniform(0.5, 6))
                crawls += 1
                continue
            except subprocess.TimeoutExpired:
                victim = chance.choices(["crawl", "scheduler", "broker", "both"], [5, 2, 1, 2])[0]
            killed[victim] += 1
            if victim == "scheduler":
                scheduler.kill()
                scheduler.communicate()
                scheduler = swathe.start("schedule", "run")
                crawl.communicate(timeout=LONGEST_S)
                crawls += 1
                continue
            if victim != "crawl":
                broker.kill()
            if victim == "broker":
                time.sleep(chance.uniform(0, 2))
                broker.start()
                crawl.communicate(timeout=LONGEST_S)
                crawls += 1
                continue
            crawl.send_signal(signal.SIGKILL)
            crawl.communicate(timeout=LONGEST_S)
            if victim == "both":
                broker.start()
    with PracticeServer(STATES[crawls % 2], port=port):
        swathe("crawl", "books", "--start", f"http://127.0.0.1:{port}/books/", *QUICK, code=None)
    with Connection(load_config(ROOT, swathe.environ).mongodb) as database:
        # A sender that was killed holds its notice for a minute.
        until(lambda: not database.notices.count_documents({"to_tell": {"$ne": []}}), "all is told", LONGEST_S)
    scheduler.terminate()
    scheduler.communicate(timeout=LONGEST_S)
    return killed


def watched(swathe: Swathe, history: set[str]) -> tuple[Counter[str], set[str], int]:
    """Return how often notices tell what, what they should, and how many notices there are."""
    told: Counter[str] = Counter()
    with Connection(load_config(ROOT, swathe.environ).mongodb) as database:
        noticed = Counter(part for notice in database.notices.find() for part in notice["parts"])
        for part in database.notice_parts.find():
            told.update({f"{part['watch']} {id_}": noticed[part["_id"]] for id_ in part["tells"]})
        expected = {f"new books/{row['_id']}/new" for row in database.books.find({}, ["_id"])}
        changes = {"/".join(row["_id"].split("/")[:3]) for row in database.changes.find({"field": "price"}, ["_id"])}
        return (
            told,
            expected | {f"price {id_}" for id_ in changes & history},
            database.notices.count_documents({}),
        )


def known(swathe: Swathe) -> set[str]:
    """Return the id of every event that the history has: changes that were carried out, and new records."""
    with Connection(load_config(ROOT, swathe.environ).mongodb) as database:
        changed_at = {row["_id"]: row["changed_at"] for row in database.books.find({}, ["changed_at"])}
        changes = database.changes.find({"_id": {"$regex": r"^[^/]+/[^/]+/[^/]+$"}}, ["record", "when"])
        carried_out = {row["_id"] for row in changes if row["when"] <= changed_at[row["record"]]}
        return carried_out | {f"books/{record}/new" for record in changed_at}


def main() -> int:
    """Kill as often as told; return 1 when something was lost, or told and not so."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--broker", choices=("rabbitmq", "redis"), default="rabbitmq")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))  # noqa: S311
    options = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        own = folder / "broker"
        broker: Broker = RabbitMQProcess(own) if options.broker == "rabbitmq" else RedisProcess(own)
        stack.enter_context(broker)
        hook = stack.enter_context(listening())
        heard = Heard(broker)
        environ = {
            **{name: value for name, value in os.environ.items() if not name.startswith("SWATHE_")},
            "SWATHE_MONGODB_DATA_DIR": str(folder / "data"), "SWATHE_MONGODB_IDLE_STOP_S": "20",
            "SWATHE_EVENTS_AMQP_URL": broker.url, "COLUMNS": "200", "NO_COLOR": "1",
            "SWATHE_WATCH_NEW": "books new", "SWATHE_WATCH_PRICE": "books changed price",
            "SWATHE_ALERTS_WEBHOOKS": hook.url, "SWATHE_ALERTS_WEBHOOK_SECRET": WHSEC,
        }  # fmt: skip
        swathe = Swathe(environ, "swathe", longest_s=LONGEST_S)
        stack.callback(swathe, "db", "stop", "--force", code=None)
        killed = disturb(swathe, broker, options.kills, random.Random(options.seed))  # noqa: S311
        told = [message["id"] for message in heard.messages() if message["event"] != "ended"]
        history = known(swathe)
        noticed, expected, notices = watched(swathe, history)
        sent = Counter(message["id"] for message in hook.taken)
    lost, unknown = history - set(told), set(told) - history
    print(
        f"{options.broker}, seed {options.seed}: killed {dict(killed)}, {len(history)} events in the history, "
        f"{len(told)} messages, {len(told) - len(set(told))} repeats, {len(lost)} lost, {len(unknown)} unknown, "
        f"{time.monotonic() - began:.0f} s",
        flush=True,
    )
    doubled = [id_ for id_, times in noticed.items() if times > 1]
    missed, false = [one for one in expected if not noticed[one]], noticed.keys() - expected
    print(
        f"watches: {len(expected)} changes to tell, {noticed.total()} in {notices} notices, {len(doubled)} in two, "
        f"{len(missed)} in none, {len(false)} unknown; the webhook took {len(sent)} notices, "
        f"{sent.total() - len(sent)} of them again",
        flush=True,
    )
    for wrong in [*sorted(lost | unknown), *doubled, *missed, *false][:5]:
        print(f"  wrong: {wrong}")
    return int(bool(lost or unknown or doubled or missed or false or len(sent) != notices))


if __name__ == "__main__":
    sys.exit(main())
