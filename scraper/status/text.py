"""The status as lines of text that fit a width, each with what it is about, so that a terminal can colour it."""

from __future__ import annotations

import textwrap
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from scraper.core.text import counted, one_visible_line
from scraper.schedule.alerts.incidents import FOR_EVER

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime, tzinfo

    from scraper.status.evidence import RecordTally
    from scraper.status.status import SpiderStatus, Status

NARROWEST, LEAST_NAME = 50, 8
"""Columns of the narrowest screen, and what a name in a table needs; without room for it spiders are records."""

MOST_INCIDENTS, MOST_NEXT, MOST_PROBLEMS = 10, 5, 20
"""Rows shown of each; a line says how many there are besides, and JSON has them all."""

LONGEST = 240
"""Characters of a reason that are shown."""

RESULT, AGE, NUMBER, NEXT = 11, 6, 5, 4
LABEL = 13


class StatusLine(NamedTuple):
    """One line; `tone` is good, bad, doubtful, heading or quiet, or empty."""

    text: str
    tone: str = ""


def status_lines(status: Status, width: int = 80, zone: tzinfo | None = None) -> Iterator[StatusLine]:
    """Yield the status as lines of at most `width` characters; times are in `zone`, None for this machine's."""
    width = max(width, NARROWEST)
    yield from _verdict(status, width, zone)
    yield StatusLine("")
    yield from _spiders(status, width)
    yield from _incidents(status, width, zone)
    yield StatusLine("")
    yield from _places(status, width, zone)


def age(span: timedelta) -> str:
    """Return how long ago something was, in one unit; what lies in the future says so, for a clock is wrong.

    >>> age(timedelta(minutes=90)), age(timedelta(days=3)), age(timedelta(seconds=-7200))
    ('1h', '3d', 'in 2h')
    """
    seconds = abs(span.total_seconds())
    units = ((86_400, "d", 2), (3600, "h", 1), (60, "m", 1), (1, "s", 0))
    size, unit = next((size, unit) for size, unit, least in units if seconds >= size * least)
    shown = f"{min(int(seconds // size), 9999)}{unit}"
    return f"in {shown}" if span < timedelta(seconds=-5) else shown


def short(number: int) -> str:
    """Return a number in at most five characters.

    >>> short(9999), short(12_345), short(2_500_000)
    ('9999', '12k', '2500k')
    """
    for size, unit in ((1, ""), (1000, "k"), (1_000_000, "M"), (1_000_000_000, "G")):
        if number < 10_000 * size or unit == "G":
            break
    return f"{number // size}{unit}"


def _verdict(status: Status, width: int, zone: tzinfo | None) -> Iterator[StatusLine]:
    when = status.now.astimezone(zone)
    count = len(status.problems)
    if status.fine:
        yield StatusLine(f"Everything is fine, {when:%Y-%m-%d %H:%M %Z}", "good")
        return
    yield StatusLine(f"{count} thing{'s are' if count > 1 else ' is'} not fine, {when:%Y-%m-%d %H:%M %Z}", "bad")
    for problem in status.problems[:MOST_PROBLEMS]:
        yield from _wrapped(str(problem), width, first="  - ", then="    ", tone="bad")
    if count > MOST_PROBLEMS:
        more = f"and {count - MOST_PROBLEMS} more: `swathe status --format json` has them all"
        yield from _wrapped(more, width, first="  ", then="    ", tone="quiet")


def _spiders(status: Status, width: int) -> Iterator[StatusLine]:
    if not status.spiders:
        yield from _wrapped("There is no spider yet: write one into spiders/.", width, tone="quiet")
        return
    room = width - RESULT - AGE - 8 * NUMBER - NEXT - 5
    if room < LEAST_NAME:
        for one in status.spiders:
            yield from _record(one, status, width)
        return
    column = min(max(len("spider"), *(len(_safe(one.spider)) for one in status.spiders)), room)
    numbers = "".join(f"{name:>{NUMBER}}" for name in ("new", "chgd", "gone", "ref."))
    pad = " " * (column + 1 + RESULT + AGE + 1)
    yield StatusLine(f"{pad}{'the last run':>{4 * NUMBER}} {'since yesterday':>{4 * NUMBER}}", "heading")
    head = f"{'spider':<{column}} {'result':<{RESULT}}{'ago':>{AGE}} {numbers} {numbers} {'next':>{NEXT}}"
    yield StatusLine(head, "heading")
    for one in status.spiders:
        name = _safe(one.spider)
        if len(name) > column:
            yield from _wrapped(name, width)
        yield StatusLine(_row(name if len(name) <= column else "", column, one, status), _tone(one))
        yield from _note_lines(one, status, width)


def _record(one: SpiderStatus, status: Status, width: int) -> Iterator[StatusLine]:
    """Yield a spider on a narrow screen."""
    ran = f", {age(status.now - one.at)} ago" if one.at else ""
    due = f", next in {age(one.next - status.now)}" if one.next else ""
    yield from _wrapped(f"{one.spider}: {one.result}{ran}{due}", width, tone=_tone(one))
    for what, tally in (("the last run", one.last), ("since yesterday", one.since_yesterday)):
        counts = f"{tally.new} new, {tally.changed} changed, {tally.gone} gone, {tally.refused} refused"
        yield from _wrapped(f"{what}: {counts}", width, first="  ", then="    ")
    yield from _note_lines(one, status, width)


def _note_lines(one: SpiderStatus, status: Status, width: int) -> Iterator[StatusLine]:
    for note in _notes(one, status):
        yield from _wrapped(note, width, first="  ", then="  ", tone="quiet" if one.fine else _tone(one))


def _row(name: str, column: int, one: SpiderStatus, status: Status) -> str:
    result = "running" if one.running_since and one.at is None else one.result
    ago = age(status.now - one.at) if one.at else "-"
    due = age(one.next - status.now) if one.next else "-"
    return (
        f"{name:<{column}} {result:<{RESULT}}{ago:>{AGE}} {_numbers(one.last)} {_numbers(one.since_yesterday)} "
        f"{due:>{NEXT}}"
    )


def _numbers(tally: RecordTally) -> str:
    return "".join(f"{short(one):>{NUMBER}}" for one in (tally.new, tally.changed, tally.gone, tally.refused))


def _notes(one: SpiderStatus, status: Status) -> Iterator[str]:
    if one.late:
        yield f"late: {one.late}"
    if one.running_since and one.at is not None:
        yield f"runs now, for {age(status.now - one.running_since)}"
    if one.muted_until:
        end = one.muted_until
        yield "muted" if end >= FOR_EVER else f"muted for {age(end - status.now)} more"
    if one.reasons and one.spider not in {problem.subject for problem in status.problems[:MOST_PROBLEMS]}:
        yield _safe(one.reasons[0])


def _tone(one: SpiderStatus) -> str:
    if one.result in ("failed", "lost"):
        return "bad"
    if not one.fine:
        return "doubtful"
    return "good" if one.result == "complete" else ""


def _incidents(status: Status, width: int, zone: tzinfo | None) -> Iterator[StatusLine]:
    if not status.incidents:
        return
    yield StatusLine("")
    yield StatusLine("Open incidents", "heading")
    for one in status.incidents[:MOST_INCIDENTS]:
        marks = [*(["known"] if one.known else []), *(["muted"] if one.muted else [])]
        mark = f" ({', '.join(marks)})" if marks else ""
        text = f"{one.id[-8:]} {one.spider}: {one.kind}{mark} since {_time(one.since, zone)}, {one.times}x: {one.why}"
        yield from _wrapped(text, width, first="  ", then="           ")
    if (more := len(status.incidents) - MOST_INCIDENTS) > 0:
        yield StatusLine(f"  and {more} more: `swathe alerts list`", "quiet")


def _places(status: Status, width: int, zone: tzinfo | None) -> Iterator[StatusLine]:
    """Yield what the spiders stand on: scheduler, firings to come, database, disk, certificates, files."""
    for label, text in _facts(status, zone):
        yield from _wrapped(text, width, first=f"{label:<{LABEL}}", then=" " * LABEL)


def _facts(status: Status, zone: tzinfo | None) -> Iterator[tuple[str, str]]:
    living = [one for one in status.schedulers if one.lives]
    for one in living:
        yield "Scheduler", f"lives on {one.place}, looked {age(status.now - one.looked_at)} ago"
    if not living and (status.next or status.schedulers):
        seen = next(iter(status.schedulers), None)
        last = f"; the last one looked {age(status.now - seen.looked_at)} ago" if seen else ""
        yield "Scheduler", f"none lives{last}"
    soon = [f"{name} at {_time(due, zone)}" for due, name in status.next[:MOST_NEXT]]
    if more := status.next[MOST_NEXT:]:
        soon.append(f"{len(more)} more")
    yield "Next", ", ".join(soon) or "nothing is scheduled"
    if status.untold:
        waiting = [f"{counted(one.count, one.what)} since {_time(one.since, zone)}" for one in status.untold]
        yield "To tell", ", ".join(waiting)
    database = status.database
    answers = f"MongoDB {database.version} answers, {database.size_mb} MB at {status.places.database}"
    yield "Database", database.fault or answers
    yield "Disk", f"{status.disk.free_mb / 1024:,.1f} GB free at {status.places.data_folder}"
    ends = [f"{one.host} ends {_time(one.ends_at, zone)}" for one in status.certificates]
    yield "Certificates", ", ".join(ends) or "none that ends soon was seen"
    yield (
        "Files",
        f"{len(status.broken)} cannot be loaded" if status.broken else "spiders, models and queries can be loaded",
    )


def _time(value: datetime, zone: tzinfo | None) -> str:
    return f"{value.astimezone(zone):%Y-%m-%d %H:%M}"


def _safe(text: str) -> str:
    shown = one_visible_line(text)
    return shown if len(shown) <= LONGEST else f"{shown[: LONGEST - 1]}…"


def _wrapped(text: str, width: int, first: str = "", then: str = "", tone: str = "") -> Iterator[StatusLine]:
    for line in textwrap.wrap(_safe(text), width, initial_indent=first, subsequent_indent=then) or [first.rstrip()]:
        yield StatusLine(line, tone)
