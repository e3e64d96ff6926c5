"""Keep the cookies of a login in MongoDB, encrypted with a key that is in the data folder alone.

Whoever has the database, or a backup of it, but not the folder, cannot use them. A process with another key, such as a
worker on another machine, finds none and logs in itself.
"""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from hashlib import sha256
from http.cookiejar import Cookie
from typing import TYPE_CHECKING

from cryptography.fernet import Fernet, InvalidToken

from models.sessions import KeptSession
from scraper.core.atomic_file import PRIVATE_FILE

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

KEY_FILE = "logins.key"


class Sessions:
    """The kept sessions, as one data folder can read them. Blocks; raises PyMongoError."""

    def __init__(self, data_dir: Path) -> None:
        self._cipher = Fernet(_key(data_dir / KEY_FILE))

    def keep(self, spider: str, site: str, user: str, cookies: Iterable[Cookie]) -> int:
        """Keep cookies in the place of those before, and return how many."""
        plain = [{name.lstrip("_"): value for name, value in vars(cookie).items()} for cookie in cookies]
        sealed = self._cipher.encrypt(json.dumps(plain).encode())
        KeptSession.objects(id=_id(spider, site)).update_one(
            upsert=True, spider=spider, site=site, account=_digest(user), cookies=sealed, saved_at=datetime.now(UTC)
        )
        return len(plain)

    def cookies(self, spider: str, site: str, user: str) -> list[Cookie]:
        """Return the cookies that are still good; none when they are another user's, or sealed with another key."""
        kept = KeptSession.objects(id=_id(spider, site), account__in=["", _digest(user)]).first()
        if kept is None:
            return []
        try:
            plain = json.loads(self._cipher.decrypt(kept.cookies))
        except InvalidToken:
            return []
        cookies = [Cookie(**fields) for fields in plain]
        return [cookie for cookie in cookies if not cookie.is_expired()]


def forget(spider: str) -> int:
    """Forget the sessions of a spider on all sites, and return how many there were."""
    return int(KeptSession.objects(spider=spider).delete())


def _id(spider: str, site: str) -> str:
    return f"{spider} {site}"


def _digest(user: str) -> str:
    return sha256(user.encode()).hexdigest()[:16] if user else ""


def _key(file: Path) -> bytes:
    """Return the key of the data folder, made when there is none yet."""
    try:
        with os.fdopen(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, PRIVATE_FILE), "wb") as out:
            out.write(Fernet.generate_key())
    except FileExistsError:
        pass
    return file.read_bytes()
