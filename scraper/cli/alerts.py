"""`swathe alerts`: who is told when a run goes wrong."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scraper.cli.lookup import find_by_id
from scraper.cli.output import MOST_ROWS, console, print_table, say
from scraper.cli.shell import spider_names
from scraper.core.config import load_config
from scraper.core.text import local_time
from scraper.errors import EXIT_FAILED, UsageError
from scraper.query.times import span_of
from scraper.schedule.alerts.delivery import NOBODY, receivers_of
from scraper.storage.connection import connection_to

if TYPE_CHECKING:
    from collections.abc import Iterator

    from models.alerts import Incident

EXAMPLE = "Example: swathe alerts test --dry-run"
Id = Annotated[str, typer.Argument(metavar="ID", help="The incident's id, or the last digits of it.")]

app = typer.Typer(
    help="Tell people when runs go wrong, once per incident.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)


@app.command("test", epilog=EXAMPLE)
def send_sample(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the message and the targets; send nothing.")] = False,
) -> None:
    """Send a sample message to every target and webhook of [alerts]. Exit 1 when one does not take it."""
    from bson import ObjectId

    from scraper.schedule.alerts.message import message_of

    receivers = receivers_of(load_config().alerts)
    sample = {
        "_id": ObjectId(), "open": True, "spider": "sample", "arguments": {"start": "https://example.org/"},
        "kind": "failed", "opened_at": datetime.now(UTC), "why": "this is a test: nothing went wrong",
    }  # fmt: skip
    message = message_of(sample)
    console.print(f"{message.title}\n{message.body}\n", markup=False, soft_wrap=True)
    if not receivers and not dry_run:
        raise UsageError(NOBODY)
    sent = {one.name: None if dry_run else one.send(message) for one in receivers}
    for name, taken in sent.items():
        console.print(f"{name}: {'not sent' if taken is None else 'sent' if taken else 'FAILED'}", markup=False)
    if not receivers:
        console.print("nobody is set: SWATHE_ALERTS_TARGETS and SWATHE_ALERTS_WEBHOOKS name who is told")
    raise typer.Exit(EXIT_FAILED if False in sent.values() else 0)


@app.command("list", epilog="Example: swathe alerts list --limit 5")
def list_incidents(
    limit: Annotated[int, typer.Option(min=1, max=MOST_ROWS, help="Incidents to show, the latest first.")] = 20,
) -> None:
    """List the incidents: what went wrong, since when, and whether it is over."""
    from models.alerts import Incident

    with connection_to(load_config().mongodb) as database:
        found = database[Incident._get_collection_name()].find(sort=[("opened_at", -1)], limit=limit)
        rows = [
            {**row, "id": str(row["_id"])[-8:], "state": _state(row), "to tell": len(row.get("to_tell", []))}
            for row in found
        ]
    print_table(rows, ["id", "opened_at", "spider", "kind", "state", "times", "closed_at", "to tell", "cause", "why"])


@app.command("ack", epilog="Example: swathe alerts ack 18293a")
def ack(incident_id: Id) -> None:
    """Say that an incident is known: `swathe status` goes on showing it, and no longer counts it."""
    with _open_incident(incident_id) as incident:
        incident.update(acked_at=datetime.now(UTC))
    say(f"{incident.spider}: {incident.kind}: known; its end will be told")


@app.command("close", epilog="Example: swathe alerts close 18293a")
def close(incident_id: Id) -> None:
    """Close an incident by hand, and tell those who were told of it. The next run that goes wrong opens a new one."""
    from mongoengine import Q

    from scraper.schedule.alerts.incidents import close_incidents

    with _open_incident(incident_id) as incident:
        close_incidents(Q(id=incident.id), datetime.now(UTC), because="it was closed by hand")
    say(f"{incident.spider}: {incident.kind}: closed")


@app.command("mute", epilog="Example: swathe alerts mute books --until 'in 3 days'")
def mute_spider(
    spider: Annotated[
        str, typer.Argument(autocompletion=spider_names, help="Of which spider, or file, nobody is to be told.")
    ],
    until: Annotated[
        str, typer.Option(metavar="TIME", help="A day or time, such as 2026-12-24 or 'in 3 days'. Default: for ever.")
    ] = "",
) -> None:
    """Tell nobody of a spider for a while; what is still wrong at the end is told then."""
    from scraper.schedule.alerts.incidents import FOR_EVER, mute

    _check_subject(spider)
    end = _time(until) if until else FOR_EVER
    if end <= datetime.now(UTC):
        raise UsageError(f"--until {until} is over, expected a time to come, such as 'in 3 days'")
    with connection_to(load_config().mongodb):
        mute(spider, end)
    say(f"nobody is told of {spider} {f'until {local_time(end)}' if until else 'until it is unmuted'}")


@app.command("unmute", epilog="Example: swathe alerts unmute books")
def unmute_spider(
    spider: Annotated[str, typer.Argument(autocompletion=spider_names, help="The spider, or file.")],
) -> None:
    """Tell of a spider again, also what was held back."""
    from models.alerts import Mute
    from scraper.schedule.alerts.incidents import unmute

    with connection_to(load_config().mongodb):
        if not unmute(spider):
            muted = ", ".join(one.id for one in Mute.objects) or "nothing"
            raise UsageError(f"'{spider}' is not muted, expected one that is: {muted}")
    say(f"{spider} is told of again")


def _check_subject(name: str) -> None:
    """Raise UsageError for what is neither a spider nor has an incident."""
    from models.alerts import Incident
    from scraper.spider.loader import spider_class

    with connection_to(load_config().mongodb):
        if not Incident.objects(spider=name).first():
            spider_class(name)


def _time(text: str) -> datetime:
    try:
        return span_of(text).start
    except ValueError as error:
        raise UsageError(f"--until: {error}") from None


@contextmanager
def _open_incident(incident_id: str) -> Iterator[Incident]:
    """Yield an incident while the database is there; raise UsageError when there is none, or it is closed."""
    from models.alerts import Incident

    with connection_to(load_config().mongodb) as database:
        collection = database[Incident._get_collection_name()]
        found = find_by_id(collection, incident_id, "incident", "swathe alerts list")
        if not found["open"]:
            raise UsageError(f"incident {found['_id']} is closed already, since {local_time(found['closed_at'])}")
        yield Incident.objects.get(id=found["_id"])


def _state(row: dict[str, Any]) -> str:
    return "closed" if not row["open"] else "known" if row.get("acked_at") else "open"
