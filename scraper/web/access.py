"""Who may come in: secrets are shown once and kept as digests; a login is good for one session."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from pymongo import ASCENDING

from models.web import WebAccess
from scraper.errors import UsageError, expected_one_of

if TYPE_CHECKING:
    from pymongo.database import Database

    Mongo = Database[dict[str, Any]]

Kind = Literal["login", "session", "token"]
Role = Literal["read", "operate"]

ACCESS = WebAccess._get_collection_name()
LOGIN_LASTS, SESSION_LASTS = timedelta(minutes=15), timedelta(days=7)
LASTS = {"login": LOGIN_LASTS, "session": SESSION_LASTS, "token": None}
LONGEST_SECRET = 200
"""Characters beyond which a text is no secret of ours, and is not even hashed."""


@dataclass(frozen=True)
class Visitor:
    """Somebody who was let in."""

    name: str
    role: Role

    @property
    def may_operate(self) -> bool:
        """Whether they may do more than look."""
        return self.role == "operate"


def prepare(database: Mongo) -> None:
    """Create the indexes: MongoDB itself removes what has expired, and a token's name is taken once."""
    database[ACCESS].create_index([("expires_at", ASCENDING)], name="expires", expireAfterSeconds=0)
    database[ACCESS].create_index(
        [("name", ASCENDING)], name="one_token", unique=True, partialFilterExpression={"kind": "token"}
    )


def issue(database: Mongo, kind: Kind, role: Role, name: str) -> str:
    """Return a new secret; this is the only time that it is to be had. Raise UsageError for a name that is taken."""
    if kind == "token" and database[ACCESS].find_one({"kind": "token", "name": name}):
        raise UsageError(f"there is a token '{name}' already: revoke it first, or take another name")
    secret, now, lasts = secrets.token_urlsafe(32), datetime.now(UTC), LASTS[kind]
    expires = now + lasts if lasts else None
    database[ACCESS].insert_one(
        {"_id": _digest(secret), "kind": kind, "role": role, "name": name, "made_at": now, "expires_at": expires}
    )
    return secret


def visitor(database: Mongo, kind: Kind, secret: str) -> Visitor | None:
    """Return who has this secret; None for one that is unknown, of another kind, or has expired."""
    row = database[ACCESS].find_one(_valid(kind, secret)) if len(secret) <= LONGEST_SECRET else None
    return Visitor(row["name"], row["role"]) if row else None


def begin_session(database: Mongo, kind: Literal["login", "token"], secret: str) -> str | None:
    """Return the secret of a new session for a login, which is used up by it, or a token; None when it is not good."""
    if len(secret) > LONGEST_SECRET:
        return None
    given = database[ACCESS]
    row = given.find_one_and_delete(_valid(kind, secret)) if kind == "login" else given.find_one(_valid(kind, secret))
    if row is None:
        return None
    session = issue(database, "session", row["role"], row["name"])
    if kind == "token" and given.find_one(_valid(kind, secret)) is None:  # revoked meanwhile
        end_session(database, session)
        return None
    return session


def end_session(database: Mongo, secret: str) -> None:
    """Let a session be good no more."""
    if len(secret) <= LONGEST_SECRET:
        database[ACCESS].delete_one(_valid("session", secret))


def tokens(database: Mongo) -> list[dict[str, Any]]:
    """Return the tokens there are, without what they are."""
    return list(database[ACCESS].find({"kind": "token"}, ["name", "role", "made_at"], sort=[("name", 1)]))


def revoke(database: Mongo, name: str) -> None:
    """Let a token, or the login addresses of a name, and the sessions begun with them be good no more.

    Raise UsageError for a name that nobody has, naming the tokens there are.
    """
    # The sessions second: whoever begins one looks afterwards whether the token is there still.
    gone = [database[ACCESS].delete_many({"kind": kind, "name": name}) for kind in ("token", "login", "session")]
    if not any(one.deleted_count for one in gone):
        names = [row["name"] for row in tokens(database)]
        raise UsageError(f"there is no token '{name}': {expected_one_of(name, names) if names else 'none was made'}")


def _valid(kind: Kind, secret: str) -> dict[str, Any]:
    good = [{"expires_at": None}, {"expires_at": {"$gt": datetime.now(UTC)}}]
    return {"_id": _digest(secret), "kind": kind, "$or": good}


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
