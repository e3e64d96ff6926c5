"""What changed, the latest first; and what watches have told, also as an Atom feed."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from starlette.responses import Response

from models.system import Change
from models.watches import Notice
from scraper.watch.feed import ENTRIES, FeedEntry, atom, feed_of
from scraper.watch.notices import message_of
from scraper.web.asked import PER_PAGE, Db, Limit, Name, Settings
from scraper.web.schemas import records as schemas
from scraper.web.texts import shown
from scraper.web.views.view import View

ATOM = "application/atom+xml; charset=utf-8"
CHANGES, NOTICES = Change._get_collection_name(), Notice._get_collection_name()


def changes(
    db: Db, config: Settings, records: Name = "", field: Name = "", before: Name = "", limit: Limit = PER_PAGE
) -> dict[str, Any]:
    """The changes of all records, the latest first; `before` is `next` of the page before."""
    wanted = {name: value for name, value in (("records", records), ("field", field)) if value}
    since = db[CHANGES].find_one({"_id": before}, ["when"]) if before else None
    older = [{"when": {"$lt": since["when"]}}, {"when": since["when"], "_id": {"$gt": before}}] if since else []
    asked = {**wanted, **({"$or": older} if older else {})}
    rows = list(db[CHANGES].find(asked, sort=[("when", -1), ("_id", 1)], limit=limit + 1))
    following = str(rows[limit - 1]["_id"]) if len(rows) > limit else ""
    return {
        "records": records, "field": field, "next": following, "watches": sorted(config.watch),
        "changes": [_row(change) for change in rows[:limit]],
    }  # fmt: skip


def watches(db: Db, config: Settings) -> dict[str, Any]:
    """What the watches of [watch] have told, the latest first."""
    notices = db[NOTICES].find({"watch": {"$in": list(config.watch)}}, sort=[("at", -1)], limit=PER_PAGE)
    told = [(notice, message_of(notice)) for notice in notices]
    return {
        "watches": [{"name": name, "line": line} for name, line in sorted(config.watch.items())],
        "notices": [
            {"at": notice["at"], "watch": notice["watch"], "title": message.title, "body": message.body}
            for notice, message in told
        ],
    }  # fmt: skip


def changes_feed(db: Db, config: Settings, records: Name = "", field: Name = "") -> Response:
    """Return the latest changes as an Atom feed."""
    rows = changes(db, config, records, field, limit=ENTRIES)["changes"]
    entries = [
        FeedEntry(
            quote(f"{row['record']}:{row['field']}:{row['when'].isoformat()}"),
            shown(f"{row['records']} {row['key'] or row['record'][-8:]}: {row['field']}"),
            row["when"],
            f"{shown(row['old'])} → {shown(row['new'])}\n{shown(row['url'] or '')}",
        )
        for row in rows
    ]
    about = " ".join(part for part in (records, field) if part)
    text = feed_of(db.name, quote(f"changes:{records}:{field}"), shown(f"changes {about}".strip()), entries)
    return Response(text, media_type=ATOM)


def feed(db: Db, config: Settings) -> Response:
    """Return what the watches have told as an Atom feed."""
    return Response(atom(db, sorted(config.watch)), media_type=ATOM)


def _row(change: dict[str, Any]) -> dict[str, Any]:
    names = ("records", "key", "field", "old", "new", "when", "url")
    row = {name: change.get(name) for name in names}
    return {**row, "record": str(change["record"]), "run": str(change.get("run") or "")}


VIEWS = (
    View("/changes", "changes.html", changes, schemas.ChangesJson),
    View("/watches", "watches.html", watches, schemas.WatchesJson),
)
