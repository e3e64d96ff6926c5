"""Alerts: one message an incident, one when all is well again, also with targets that are down and hostile pages."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from bson import ObjectId
from hook import WHSEC, Hook, listening
from practice import Fault, PracticeServer
from scheduling import NOON
from support import configured, until

from models.alerts import Incident
from models.schedules import Firing
from models.system import Run
from scraper.errors import ConfigError
from scraper.schedule.alerts import watcher
from scraper.schedule.alerts.delivery import receivers_of
from scraper.schedule.alerts.incidents import (
    Subject,
    close_incidents,
    ended_by,
    mute,
    open_incident,
    prepare,
    send_incidents,
    unmute,
)
from scraper.schedule.alerts.message import harmless, message_of
from scraper.schedule.alerts.targets import targets_of
from scraper.schedule.alerts.watcher import Alerts, kind_of
from scraper.schedule.decisions import RunEnd
from scraper.storage.connection import Connection

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pymongo.database import Database
    from support import Swathe

    from scraper.core.config import Config

    Mongo = Database[dict[str, Any]]

ARGUMENTS = {"start": "http://127.0.0.1/"}


@pytest.fixture
def webhook() -> Iterator[Hook]:
    with listening() as webhook:
        yield webhook


@pytest.fixture
def config(data_dir: Path, database: Mongo, webhook: Hook, monkeypatch: pytest.MonkeyPatch) -> Iterator[Config]:
    """A configuration with a target, while MongoEngine is connected to the test's database."""
    config = configured(
        SWATHE_MONGODB_DATA_DIR=str(data_dir), SWATHE_MONGODB_DATABASE=database.name,
        SWATHE_ALERTS_TARGETS=webhook.target,
    )  # fmt: skip
    with Connection(config.mongodb) as connected:
        prepare(connected)
        monkeypatch.setattr(watcher, "connection_to", lambda _: type("Open", (), {"open": lambda _: connected})())
        yield config


def go_wrong(
    config: Config, why: str = "the site is down", kind: Any = "failed", now: datetime = NOON, schedule: str = ""
) -> None:
    open_incident(Subject("books", ARGUMENTS, schedule), kind, why, now, receivers_of(config.alerts), ObjectId())


def end(now: datetime = NOON, schedule: str = "", **arguments: Any) -> None:
    close_incidents(ended_by(Subject("books", {**ARGUMENTS, **arguments}, schedule)), now, ObjectId())


def send(config: Config, now: datetime = NOON) -> None:
    send_incidents(config.alerts, receivers_of(config.alerts), now)


def test_an_incident_is_told_once_and_its_end_once(config: Config, webhook: Hook) -> None:
    for hour in range(5):
        now = NOON + timedelta(hours=hour)
        go_wrong(config, now=now)
        send(config, now)
    assert webhook.titles == ["swathe: books: failed"]
    assert Incident.objects.get().times == 5
    for hour in range(5, 8):
        end(NOON + timedelta(hours=hour))
        send(config, NOON + timedelta(hours=hour))
    assert webhook.titles[1:] == ["swathe: books is back to normal"]
    assert webhook.taken[1]["message"].startswith("was failed since 2026-11-21 12:00 UTC\n")
    go_wrong(config, now=NOON + timedelta(hours=9))
    send(config, NOON + timedelta(hours=9))
    assert len(webhook.taken) == 3, "what goes wrong again is told again"


def test_a_signed_webhook_hears_of_an_incident_and_its_end_under_ids_of_their_own(
    config: Config, webhook: Hook
) -> None:
    signed = configured(SWATHE_ALERTS_WEBHOOKS=webhook.url, SWATHE_ALERTS_WEBHOOK_SECRET=WHSEC)
    webhook.status = 500
    go_wrong(signed)
    send(signed)
    webhook.status = 200
    # Put off for a year: the clock has been set back since.
    Incident.objects.update(next_try_at=NOON + timedelta(days=365))
    for _ in range(2):
        send(signed)
    end()
    send(signed)
    number = Incident.objects.get().id
    assert [told["id"] for told in webhook.taken] == [f"incidents/{number}/open", f"incidents/{number}/closed"]
    opened, closed = (told["incident"] for told in webhook.taken)
    assert (opened["open"], opened["kind"], opened["spider"], opened["why"]) == (
        True,
        "failed",
        "books",
        "the site is down",
    )
    assert (closed["open"], closed["closed_at"]) == (False, NOON.isoformat())


def test_each_kind_and_each_of_other_arguments_is_an_incident_and_one_message_ends_all_of_the_spider(
    config: Config, webhook: Hook
) -> None:
    go_wrong(config)
    go_wrong(config, kind="late")
    other = Subject("books", {"start": "http://127.0.0.1/b/"})
    open_incident(other, "failed", "x", NOON, receivers_of(config.alerts))
    send(config)
    assert len(webhook.taken) == 3
    end(start="http://127.0.0.1/c/")
    send(config)
    assert len(webhook.taken) == 4
    assert "was failed, late since" in webhook.taken[3]["message"]
    assert Incident.objects(open=True).count() == 0


def test_a_schedule_does_not_end_what_another_one_of_the_spider_has_opened(config: Config) -> None:
    go_wrong(config, schedule="night")
    end(schedule="noon", start="http://127.0.0.1/b/")
    assert Incident.objects(open=True).count() == 1
    end(schedule="night")
    assert Incident.objects(open=True).count() == 0
    go_wrong(config, schedule="night")
    end(start="http://127.0.0.1/b/")
    assert Incident.objects(open=True).count() == 0, "a person has seen it complete"


def test_what_is_muted_is_told_at_the_end_of_the_silence_if_it_is_still_wrong(config: Config, webhook: Hook) -> None:
    mute("books", NOON + timedelta(days=1))
    go_wrong(config)
    send(config, NOON + timedelta(hours=23))
    assert webhook.titles == []
    end(NOON + timedelta(hours=23))
    send(config, NOON + timedelta(days=2))
    assert webhook.titles == [], "it was over before anybody was to be told"
    go_wrong(config)
    send(config, NOON + timedelta(days=1))
    assert webhook.titles == ["swathe: books: failed"]
    mute("books", NOON + timedelta(days=9))
    end(NOON + timedelta(days=2))
    send(config, NOON + timedelta(days=3))
    assert len(webhook.titles) == 1
    assert unmute("books")
    send(config, NOON + timedelta(days=4))
    assert webhook.titles[1:] == ["swathe: books is back to normal"]


def test_the_incidents_of_what_was_removed_are_over_and_that_is_told(config: Config, webhook: Hook) -> None:
    go_wrong(config, schedule="night")
    open_incident(Subject("of-old"), "failed", "x", NOON, receivers_of(config.alerts))
    send(config)
    alerts = Alerts(config)
    alerts.scheduled(["night"])
    alerts.forget_removed()
    assert [one.spider for one in Incident.objects(open=True)] == ["books"]
    alerts.scheduled([])
    assert Incident.objects(open=True).count() == 0
    alerts.look(datetime.now(UTC))
    alerts.finish()
    until(lambda: len(webhook.titles) == 4, "two ends told")
    assert sorted(webhook.titles[2:]) == ["swathe: books is over", "swathe: of-old is over"]
    assert "because the spider was removed" in "".join(message["message"] for message in webhook.taken)


def test_many_workers_at_once_send_one_message(config: Config, webhook: Hook) -> None:
    barrier = threading.Barrier(8)

    def work() -> None:
        barrier.wait()
        go_wrong(config)
        send(config)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert webhook.titles == ["swathe: books: failed"]


def test_a_target_that_is_down_gets_its_message_later_and_the_others_theirs_at_once_and_once(
    config: Config, webhook: Hook, caplog: pytest.LogCaptureFixture
) -> None:
    with listening() as other:
        both = configured(SWATHE_ALERTS_TARGETS=f"{webhook.target}, {other.target}")
        webhook.status = 503
        caplog.set_level("DEBUG")
        go_wrong(both)
        for _ in range(3):
            send(both)
        assert (webhook.asked, len(other.taken)) == (1, 1), "it waits before it tries again"
        waits = []
        for _ in range(8):
            incident = Incident.objects.get()
            waits.append((incident.next_try_at - incident.opened_at).total_seconds())
            send(both, incident.next_try_at)
        assert webhook.asked == 9
        assert waits[:3] == [60, 180, 420]
        webhook.status = 200
        send(both, Incident.objects.get().next_try_at)
        assert (len(webhook.taken), len(other.taken)) == (1, 1)
    assert "target 1 (JSON) does not take messages" in caplog.text
    assert "s3cret" not in caplog.text
    assert "t0ken" not in caplog.text


def test_an_incident_that_nobody_was_told_of_ends_without_a_word(config: Config, webhook: Hook) -> None:
    webhook.status = 503
    go_wrong(config)
    send(config)
    webhook.status = 200
    end()
    send(config, NOON + timedelta(days=1))
    assert webhook.taken == []


def run(**fields: Any) -> dict[str, Any]:
    return {"state": "finished", "verdict": "incomplete", "reasons": ["x"], "counts": {}, **fields}


@pytest.mark.parametrize(
    ("document", "kind"),
    [
        (run(state="failed"), "failed"),
        (run(state="lost"), "lost"),
        (run(), "incomplete"),
        (run(verdict="unknown"), "incomplete"),
        (run(verdict="complete"), None),
        (run(reasons=["the limit of 5 pages was reached"]), None),
        (run(reasons=["the limit of 5 pages was reached", "1 record was refused"]), "incomplete"),
        (run(state="interrupted"), None),
        (run(counts={"items_new": 94, "items_refused": 6}), "refused_share"),
        (run(counts={"items_new": 95, "items_refused": 5}), "incomplete"),
        (run(state="failed", counts={"items_refused": 6}), "failed"),
    ],
)
def test_what_a_run_is_reported_as(document: dict[str, Any], kind: str | None) -> None:
    found = kind_of(document, configured().alerts)
    assert (found and found[0]) == kind


def test_only_what_is_asked_for_is_reported() -> None:
    config = configured(SWATHE_ALERTS_ON="failed").alerts
    assert kind_of(run(), config) is None
    assert kind_of(run(counts={"items_new": 1, "items_refused": 6}), config) is None
    assert kind_of(run(state="failed"), config) == ("failed", "x")


def test_a_scheduled_run_is_reported_after_its_last_try_and_a_missed_one_as_late(config: Config, webhook: Hook) -> None:
    alerts = Alerts(config)
    alerts.ended(Firing(id="by-hand@x", spider="books", due=NOON, quiet=True), RunEnd("failed", "a person sees it"))
    firing = Firing(id="books@x", spider="books", arguments=ARGUMENTS, due=NOON)
    alerts.missed(firing)
    alerts.ended(firing, RunEnd("timed out", "it ran for more than 3 s"))
    alerts.look(NOON + timedelta(days=400))
    alerts.finish()
    until(lambda: len(webhook.taken) == 2, "two messages")
    assert sorted(webhook.titles) == ["swathe: books: incomplete", "swathe: books: late"]
    done = Run(
        spider="books", arguments=ARGUMENTS, state="finished", verdict="complete", started_at=NOON, heartbeat_at=NOON
    ).save()
    alerts.ended(firing, RunEnd("complete", run=done.id))
    assert Incident.objects(open=True).count() == 0


def test_what_has_not_started_or_does_not_end_is_late(config: Config) -> None:
    fields = {"schedule": "s", "spider": "books", "policy": "queue", "start_at": NOON, "due": NOON}
    Firing(id="waits", key="a", state="waiting", arguments={"start": "a"}, **fields).save()
    Firing(id="by-hand", key="c", state="waiting", arguments={"start": "c"}, quiet=True, **fields).save()
    Firing(id="runs", key="b", state="running", fired_at=NOON, arguments={"start": "b"}, **fields).save()
    later = {**fields, "due": NOON + timedelta(hours=1)}
    Firing(id="skipped", key="b", state="skipped", arguments={"start": "b"}, **later).save()
    alerts = Alerts(config)
    alerts.look(NOON + timedelta(minutes=59))
    assert Incident.objects.count() == 0
    alerts.look(NOON + timedelta(hours=2, minutes=1))
    alerts.look(NOON + timedelta(hours=2, minutes=2))
    alerts.finish()
    assert [(one.kind, one.times) for one in Incident.objects] == [("late", 1), ("late", 1)]
    assert {one.why for one in Incident.objects} == {
        "due at 2026-11-21 12:00 UTC, not started",
        "it still runs, and so the firing of 2026-11-21 13:00 UTC was skipped",
    }


def test_a_crawl_that_died_without_a_word_is_reported_until_a_later_one_began(config: Config) -> None:
    now = datetime.now(UTC)
    fields = {"spider": "books", "arguments": ARGUMENTS, "state": "running"}
    lost = Run(started_at=now - timedelta(hours=2), heartbeat_at=now - timedelta(hours=1), **fields).save()
    alerts = Alerts(config)
    alerts.look(now)
    assert Incident.objects.count() == 0, "nobody asked to be told of it"
    lost.update(alerts=True)
    alerts.look(now + timedelta(seconds=30))
    assert [one.kind for one in Incident.objects] == ["lost"]
    Incident.drop_collection()
    Run(started_at=now, heartbeat_at=now, **fields).save()
    alerts.look(now + timedelta(minutes=1))
    assert Incident.objects.count() == 0
    alerts.finish()


def test_text_of_a_page_can_neither_call_people_nor_make_links_nor_steer_a_terminal() -> None:
    hostile = "<!channel> @everyone [win](http://evil)\x1b[31m\r\nBcc: x@y\u202e `rm` <b>" + "x" * 1000
    shown = harmless(hostile)
    assert not set("<>@[]`\x1b\r\n\u202e") & set(shown)
    assert len(shown) <= 300
    incident = {"_id": ObjectId(), "open": True, "spider": "books", "arguments": {"start": hostile}, "kind": "failed"}
    message = message_of({**incident, "why": hostile, "opened_at": NOON, "run": ObjectId()})
    assert not set("<>@[]`\x1b\r\u202e") & set(message.title + message.body)
    assert len(message.body.splitlines()) == 5


def test_an_address_that_cannot_be_used_is_named_by_its_place_alone() -> None:
    with pytest.raises(ConfigError, match="address 2 is none that apprise knows") as fault:
        targets_of(configured(SWATHE_ALERTS_TARGETS="json://127.0.0.1/a nonsense://s3cret").alerts.targets)
    assert "s3cret" not in str(fault.value)
    assert "s3cret" not in repr(configured(SWATHE_ALERTS_TARGETS="json://s3cret@h/"))


def test_a_crawl_by_hand_tells_only_if_asked_once_that_it_failed_and_once_that_it_is_well_again(
    swathe: Swathe, database: Mongo, webhook: Hook
) -> None:
    with PracticeServer() as site:
        site.faults["/quotes/tableful/"] = Fault(status=404)
        swathe.extra["SWATHE_ALERTS_TARGETS"] = webhook.target
        command = ("crawl", "quotes-table", "--start", f"{site.url}quotes/tableful/")
        swathe(*command, code=1)
        assert webhook.titles == []
        for _ in range(2):
            swathe(*command, "--alert", code=1)
        site.faults.clear()
        assert webhook.titles == ["swathe: quotes-table: failed"]
        assert "answered 404" in webhook.taken[0]["message"]
        swathe(*command)
    assert webhook.titles[1:] == ["swathe: quotes-table is back to normal"]
    assert "closed" in swathe("alerts", "list").out


def test_a_crawl_ends_as_it_does_when_its_target_is_down(swathe: Swathe, webhook: Hook, site: PracticeServer) -> None:
    swathe.extra["SWATHE_ALERTS_TARGETS"] = webhook.target
    webhook.status = 503
    result = swathe("crawl", "books", "--start", f"{site.url}trouble/status/404", "--verbose", "--alert", code=1)
    assert webhook.asked == 1
    assert "target 1 (JSON) does not take messages" in result.err
    assert "s3cret" not in result.err
    assert "t0ken" not in result.err


def test_a_sample_can_be_shown_and_sent(swathe: Swathe, webhook: Hook) -> None:
    swathe.extra["SWATHE_ALERTS_TARGETS"] = webhook.target
    swathe.extra |= {"SWATHE_ALERTS_WEBHOOKS": webhook.url, "SWATHE_ALERTS_WEBHOOK_SECRET": WHSEC}
    shown = swathe("alerts", "test", "--dry-run").out
    assert "target 1 (JSON): not sent\nwebhook 1: not sent" in shown
    assert webhook.taken == []
    assert "target 1 (JSON): sent\nwebhook 1: sent" in swathe("alerts", "test").out
    assert webhook.titles == ["swathe: sample: failed"] * 2
    swathe.extra["SWATHE_ALERTS_WEBHOOKS"] = ""
    webhook.status = 503
    assert "target 1 (JSON): FAILED" in swathe("alerts", "test", code=1).out
    swathe.extra.clear()
    assert "[alerts] targets and webhooks are empty" in swathe("alerts", "test", code=2).error_line


def test_a_person_may_know_close_mute_and_unmute(swathe: Swathe, config: Config) -> None:
    go_wrong(config)
    number = str(Incident.objects.get().id)
    swathe("alerts", "ack", number[-10:])
    assert "known" in swathe("alerts", "list").out
    assert "closed" in swathe("alerts", "close", number).out
    assert f"incident {number} is closed already" in swathe("alerts", "close", number, code=2).error_line
    assert "there is no spider 'boks'" in swathe("alerts", "mute", "boks", code=2).error_line
    assert "is over, expected a time to come" in swathe("alerts", "mute", "books", "--until", "now", code=2).error_line
    swathe("alerts", "mute", "books", "--until", "in 2 days")
    assert "is told of again" in swathe("alerts", "unmute", "books").out
    assert (
        "'books' is not muted, expected one that is: nothing" in swathe("alerts", "unmute", "books", code=2).error_line
    )


def test_a_schedule_named_digest_sends_the_status_and_a_further_try_only_to_those_that_did_not_take_it(
    swathe: Swathe, database: Mongo, webhook: Hook
) -> None:
    with listening() as other:
        swathe.extra |= {
            "SWATHE_ALERTS_TARGETS": webhook.target, "SWATHE_SCHEDULE_DIGEST": "0 7 * * *",
            "SWATHE_ALERTS_WEBHOOKS": other.url, "SWATHE_ALERTS_WEBHOOK_SECRET": WHSEC,
        }  # fmt: skip
        webhook.status = 503
        assert "target 1 (JSON): did not take the message" in swathe("schedule", "trigger", "digest", code=1).out
        assert database.incidents.count_documents({}) == 0, "a person asked for it, and sees how it ends"
        webhook.status = 200
        firing = database.firings.find_one({})
        assert firing is not None
        swathe("digest", "--firing", f"{firing['_id']}#2")
        assert (len(webhook.taken), len(other.taken)) == (1, 1)
        assert other.taken[0]["id"] == f"digests/{firing['_id']}"
        assert not other.taken[0]["status"]["fine"]
        (message,) = webhook.taken
        assert message["title"] == "swathe: 1 thing is not fine"
        assert "scheduler: none lives for 1 schedule" in message["message"]
        assert "books         never ran" in message["message"]
        webhook.status = 503
        swathe("schedule", "trigger", "digest", "--alert", code=1)
        assert database.incidents.distinct("spider") == ["(digest)"]
