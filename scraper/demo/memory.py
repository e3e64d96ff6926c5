"""What the server remembers of its visitors: who is logged in, and how often a form's hidden state was sent."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from collections import OrderedDict
from dataclasses import dataclass
from typing import Generic, TypeVar

KEY = b"the practice site"
MARK_BYTES = 9


def _mark(purpose: str, value: bytes) -> bytes:
    return hashlib.blake2b(purpose.encode() + b"\0" + value, key=KEY, digest_size=MARK_BYTES).digest()


def seal(purpose: str, value: str) -> str:
    """Return a value in a form that tells a client nothing and cannot be made up."""
    content = value.encode()
    return base64.urlsafe_b64encode(_mark(purpose, content) + content).decode()


def unseal(purpose: str, sealed: str) -> str | None:
    """Return the value that was sealed for a purpose; None when it was not.

    >>> unseal("cursor", seal("cursor", "10"))
    '10'
    >>> unseal("token", seal("cursor", "10"))
    """
    try:
        written = base64.urlsafe_b64decode(sealed.encode())
    except (binascii.Error, ValueError):
        return None
    mark, content = written[:MARK_BYTES], written[MARK_BYTES:]
    return content.decode() if hmac.compare_digest(mark, _mark(purpose, content)) else None


MOST_REMEMBERED = 10_000
VIEW_STATE = "view state"

Remembered = TypeVar("Remembered")


class Recent(OrderedDict[str, Remembered], Generic[Remembered]):
    """A dictionary that forgets its oldest entries."""

    def __setitem__(self, key: str, value: Remembered) -> None:
        """Keep a value, and drop the oldest one when there are too many."""
        super().__setitem__(key, value)
        if len(self) > MOST_REMEMBERED:
            self.popitem(last=False)


class ExpiredError(Exception):
    """A hidden state of a form was once valid."""


class ViewStates:
    """The hidden `__VIEWSTATE` of forms: each holds what was chosen so far and expires after `uses` uses, or never."""

    def __init__(self, uses: int | None = None) -> None:
        self._uses = uses
        self._used: Recent[int] = Recent()

    def issue(self, chosen: str = "") -> str:
        """Return a new state that nobody can guess."""
        return seal(VIEW_STATE, f"{secrets.token_hex(8)} {chosen}")

    def use(self, state: str) -> str | None:
        """Return what was chosen when the state was issued; None when it never was. Raises ExpiredError."""
        content = unseal(VIEW_STATE, state)
        if content is None:
            return None
        if self._uses is not None:
            used = self._used.get(state, 0)
            if used >= self._uses:
                raise ExpiredError
            self._used[state] = used + 1
        return content.partition(" ")[2]


@dataclass
class Visitor:
    """One visitor, known by a cookie; `username` is empty until a log-in, `pages_left` None means any number."""

    key: str
    csrf_token: str
    username: str = ""
    pages_left: int | None = None


class Visitors:
    """The sessions under way; each ends after `pages` member pages, or with a log-out."""

    def __init__(self, pages: int | None = None) -> None:
        self._pages = pages
        self._sessions: Recent[Visitor] = Recent()

    def find(self, key: str | None) -> Visitor | None:
        """Return the session of a cookie, if it is still under way."""
        return self._sessions.get(key or "")

    def begin(self) -> Visitor:
        """Start a session for a visitor without one."""
        session = Visitor(secrets.token_urlsafe(16), secrets.token_urlsafe(24), pages_left=self._pages)
        self._sessions[session.key] = session
        return session

    def end(self, key: str | None) -> None:
        """Forget a session, if there is one."""
        self._sessions.pop(key or "", None)

    def serve_member(self, key: str | None) -> bool:
        """Count a page served in a session, and say whether its visitor is logged in."""
        session = self.find(key)
        if session is None or not session.username:
            return False
        if session.pages_left is not None:
            session.pages_left -= 1
            if session.pages_left == 0:
                self.end(key)
        return True


class Memory:
    """All that is remembered."""

    def __init__(self, *, session_pages: int | None = None, viewstate_uses: int | None = None) -> None:
        for name, value in {"session_pages": session_pages, "viewstate_uses": viewstate_uses}.items():
            if value is not None and value < 1:
                raise ValueError(f"cannot serve the practice site: {name} must be 1 or more, or None, not {value}")
        self.sessions = Visitors(session_pages)
        self.view_states = ViewStates(viewstate_uses)
