"""Webhooks as targets of messages: JSON that is signed, so that who gets it can tell it from anybody else's.

Signed as Standard Webhooks are (https://www.standardwebhooks.com): `webhook-id` is the same whenever a message is sent,
`webhook-signature` is `v1,` and the HMAC-SHA256 of id, timestamp and body, with dots between them, in base64.
"""

from __future__ import annotations

import hmac
import logging
import socket
import threading
import time
from base64 import b64decode, b64encode
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from scraper.core.project import VERSION
from scraper.core.text import json_text
from scraper.errors import ConfigError

if TYPE_CHECKING:
    from scraper.core.config.schedules import AlertsConfig
    from scraper.schedule.alerts.message import Message

logger = logging.getLogger(__name__)

PREFIX = "whsec_"


@dataclass(frozen=True)
class Webhook:
    """One address; `digest` tells it from others without saying what it is."""

    number: int
    address: str
    secret: bytes
    timeout_s: float

    @property
    def name(self) -> str:
        """Its place in the list: any part of an address may be a secret."""
        return f"webhook {self.number}"

    @property
    def digest(self) -> str:
        """What stands for it in the database."""
        return sha256(f"webhook {self.address}".encode()).hexdigest()[:16]

    def send(self, message: Message) -> bool:
        """Send a message and return whether it was taken, within `timeout_s`. Redirects are not followed. Blocks."""
        said = {"id": message.id, "title": message.title, "body": message.body, **(message.data or {})}
        body = json_text(said).encode(errors="replace")
        headers = {"Content-Type": "application/json", "User-Agent": f"Swathe/{VERSION}"}
        try:
            status = self._post(body, {**headers, **signed(self.secret, message.id, int(time.time()), body)})
        except (OSError, HTTPException) as error:
            logger.warning("%s does not answer (%s)", self.name, type(error).__name__)
            return False
        if 300 <= status < 400:  # what is signed for one server is for no other, least of all a private one
            logger.warning("%s answers %d: redirects are not followed, correct [alerts] webhooks", self.name, status)
        elif not 200 <= status < 300:
            logger.warning("%s answers %d, expected 200 to 299", self.name, status)
        return 200 <= status < 300

    def _post(self, body: bytes, headers: dict[str, str]) -> int:
        """Return the status of the answer; its body is not read."""
        parts = urlsplit(self.address)
        kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        connection = kind(parts.hostname or "", parts.port, timeout=self.timeout_s)

        def hang_up() -> None:
            with suppress(OSError):  # it has just ended by itself
                if connection.sock is not None:
                    connection.sock.shutdown(socket.SHUT_RDWR)

        # A timeout of sockets begins anew with every byte, and a server may send one at a time.
        limit = threading.Timer(self.timeout_s, hang_up)
        limit.daemon = True
        limit.start()
        try:
            where = f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"
            connection.request("POST", where, body, headers)
            return connection.getresponse().status
        finally:
            limit.cancel()
            connection.close()


def signed(secret: bytes, message_id: str, at: int, body: bytes) -> dict[str, str]:
    """Return the headers of a signed message; `at` is in seconds since 1970.

    >>> signed(b"key", "1", 0, b"{}")["webhook-signature"]
    'v1,zGwIsEpWJehWI9SAZ35qk1GA7jOFwoNvVGoKfG/SvCI='
    """
    signature = hmac.new(secret, f"{message_id}.{at}.".encode() + body, sha256).digest()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(at),
        "webhook-signature": f"v1,{b64encode(signature).decode()}",
    }


def webhooks_of(config: AlertsConfig) -> list[Webhook]:
    """Return the targets of [alerts] webhooks; raise ConfigError for an address or a secret that cannot be used."""
    addresses = [one for part in config.webhooks.get_secret_value().split(",") if (one := part.strip())]
    if not addresses:
        return []
    for number, address in enumerate(addresses, 1):
        if not _is_address(address):
            raise ConfigError(
                f"[alerts] webhooks: address {number} is none (it is not shown, it may hold a secret), "
                f"expected one such as https://example.org/hook, without user and password"
            )
    secret = _key(config.webhook_secret.get_secret_value())
    return [Webhook(number, address, secret, config.timeout_s) for number, address in enumerate(addresses, 1)]


def _is_address(address: str) -> bool:
    try:
        parts = urlsplit(address)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and not parts.username and parts.port != 0
    except ValueError:
        return False


def _key(secret: str) -> bytes:
    """Return the bytes that a secret stands for; raise ConfigError without one."""
    if not secret:
        raise ConfigError(
            "[alerts] webhooks is set and webhook_secret is empty: set SWATHE_ALERTS_WEBHOOK_SECRET, for example to "
            f"{PREFIX} and what `openssl rand -base64 24` prints"
        )
    try:
        return b64decode(secret.removeprefix(PREFIX), validate=True) if secret.startswith(PREFIX) else secret.encode()
    except ValueError:
        raise ConfigError(
            f"[alerts] webhook_secret begins with {PREFIX} and is no base64 after it: correct it"
        ) from None
