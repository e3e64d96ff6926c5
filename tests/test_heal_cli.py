"""`swathe heal` as a user runs it: a shop gets another layout, its spider is mended, and reads what it read before."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from bson import ObjectId
from hook import WHSEC, listening
from practice import PracticeServer, enlarge, load_site
from stored_pages import contents, project

from scraper.schedule.alerts.message import message_of

if TYPE_CHECKING:
    from pathlib import Path

    from pymongo.database import Database
    from support import Swathe

    Mongo = Database[dict[str, Any]]


def applied(told: str, name: str, text: str, folder: Path) -> str:
    """Return what `git apply` makes of a file with a patch, whatever is told around it."""
    file = folder / name
    file.parent.mkdir(parents=True)
    file.write_text(text)
    subprocess.run(["git", "apply", "-"], input=told, text=True, cwd=folder, check=True, timeout=60)
    return file.read_text()


def test_a_shop_that_was_redesigned_is_read_again_with_every_field_exact(
    swathe: Swathe, tmp_path: Path, database: Mongo
) -> None:
    shop = project(tmp_path, swathe)
    file = shop.root / "spiders" / "books.py"
    shop.change("spiders/books.py", '"h3 a"', '"h3 a"  #\tits\x0cown page')
    with PracticeServer(enlarge(load_site(), quotes=1, books=45)) as site:
        start = f"{site.url}books/"
        shop("crawl", "books", "--start", start)
        before, text = contents(database, "books"), file.read_text()
        assert "there is nothing to mend" in shop("heal", "books", code=2).error_line
        site.redesign()
        assert "did the layout change?" in shop("crawl", "books", "--start", start, code=3).err
        asked = len(site.requests)
        told = shop("heal", "books", "--write").out
        paths = [request.path for request in site.requests[asked:]]
        assert len(paths) == len(set(paths)) <= 13
        assert "Book.price: 6 of 6 stored values" in told
        assert '+    link = "td.offer-name a"  #\tits\x0cown page' in told.split("\n")
        assert applied(told, "spiders/books.py", text, tmp_path / "other") == file.read_text() != text
        assert "complete" in shop("crawl", "books", "--start", start).err
    assert contents(database, "books") == before
    assert database.changes.count_documents({}) == 0


def test_what_cannot_be_healed_is_one_line_that_names_the_next_step(swathe: Swathe) -> None:
    assert "did you mean 'books'?" in swathe("heal", "bokos", code=2).error_line
    assert swathe("heal", "books", code=2).error_line.endswith("`swathe crawl books`")


def test_a_message_offers_to_heal_where_selectors_may_be_the_cause() -> None:
    opened = {"opened_at": datetime(2026, 5, 4, tzinfo=UTC), "open": True, "_id": ObjectId(), "run": ObjectId()}
    about = {**opened, "spider": "books", "kind": "incomplete", "why": "x"}
    told = {cause: message_of({**about, "cause": cause}).body for cause in ("empty", "server-error")}
    assert "mend: swathe heal books" in told["empty"].splitlines()
    assert "heal" not in told["server-error"]


def test_a_schedule_named_heal_sends_the_patch_once_and_writes_nothing(
    swathe: Swathe, tmp_path: Path, database: Mongo
) -> None:
    shop = project(tmp_path, swathe)
    file = shop.root / "spiders" / "books.py"
    text = file.read_text()
    with PracticeServer(enlarge(load_site(), quotes=1, books=45)) as site, listening() as hook:
        assert "[alerts] targets and webhooks are empty" in shop("heal", "--watch", code=2).error_line
        swathe.extra |= {
            "SWATHE_ALERTS_WEBHOOKS": hook.url, "SWATHE_ALERTS_WEBHOOK_SECRET": WHSEC,
            "SWATHE_SCHEDULE_HEAL": "0 8 * * *",
        }  # fmt: skip
        shop("crawl", "books", "--start", f"{site.url}books/")
        site.redesign()
        shop("crawl", "books", "--start", f"{site.url}books/", code=3)
        hook.status = 503
        shop("schedule", "trigger", "heal", code=1)
        hook.status = 200
        shop("schedule", "trigger", "heal")
        assert "No run that has not been told of" in shop("heal", "--watch").out
    (message,) = hook.taken
    run = database.runs.find_one({"verdict": {"$ne": "complete"}})
    assert run is not None
    assert message["id"] == f"heals/{run['_id']}"
    assert (message["heal"]["refused"], message["heal"]["written"]) == ([], False)
    assert '+    link = "td.offer-name a"' in message["heal"]["patch"].splitlines()
    assert file.read_text() == text
    assert "no spider is named" in shop("heal", code=2).error_line
