"""Connect MongoEngine to the configured MongoDB, and say in one line why that cannot be done."""

from __future__ import annotations

from functools import cache
from threading import RLock
from typing import TYPE_CHECKING, Any

import mongoengine
from bson.codec_options import CodecOptions
from pymongo import MongoClient
from pymongo.errors import (
    ConfigurationError,
    ConnectionFailure,
    InvalidURI,
    OperationFailure,
    PyMongoError,
    ServerSelectionTimeoutError,
)
from pymongo.uri_parser import parse_uri

from models.learned import recall
from scraper.core.mongo_address import MongoAddress, mask_addresses
from scraper.core.processes import check_open_files
from scraper.errors import ConfigError, DatabaseError
from scraper.storage.backup.replacement import READY, finish
from scraper.storage.embedded.server import EmbeddedServer

if TYPE_CHECKING:
    from pymongo.database import Database

    from scraper.core.config.sections import MongoConfig

CODEC: CodecOptions[dict[str, Any]] = CodecOptions(tz_aware=True)
"""How stored values become Python's: times are aware, in UTC."""

AUTHENTICATION_FAILED, UNAUTHORIZED = 18, 13
"""Error codes of MongoDB's server; source: src/mongo/base/error_codes.yml."""


class Connection:
    """This process's one way to MongoDB, embedded or the user's own.

    Use it in a `with`: what MongoDB refuses there becomes a DatabaseError of one line. Within another `with` of it, the
    outer one closes it. Threads may share it.
    """

    def __init__(self, config: MongoConfig) -> None:
        self._config = config
        self.server = None if config.uri.get_secret_value() else EmbeddedServer(config)
        self._client: MongoClient[dict[str, Any]] | None = None
        self._users = 0
        self._lock = RLock()

    @property
    def uri(self) -> str:
        """The address with its password; show `address` to people instead."""
        return self.server.uri if self.server else self._config.uri.get_secret_value()

    @property
    def is_open(self) -> bool:
        """Whether somebody in this process uses it."""
        return self._client is not None

    @property
    def address(self) -> str:
        """The address without a password."""
        return MongoAddress.read(self.uri).shown

    def open(self) -> Database[dict[str, Any]]:
        """Reach MongoDB, starting the embedded server when needed; raise DatabaseError or ConfigError."""
        with self._lock:
            return self._open()

    def _open(self) -> Database[dict[str, Any]]:
        # The driver knows at once when a server that it was connected to is gone; to look for oneself takes half a
        # millisecond, and this is called for every batch.
        if self._client is None:
            check_open_files()
        if self._client is None or not self._client.nodes:
            self.revive()
        if self._client is None:
            client = self._reachable_client()
            mongoengine.connect(
                self._config.database,
                mongo_client_class=lambda **_: client,
                uuidRepresentation="standard",
            )
            self._client = client
            recall(client[self._config.database])
        return self._client.get_database(self._config.database, codec_options=CODEC)

    def revive(self) -> None:
        """Start the embedded server again if it is gone; the user's own server is theirs to start."""
        if self.server:
            self.server.join()

    def close(self) -> None:
        """Disconnect, and leave the embedded server to the others."""
        if self._client is not None:
            mongoengine.disconnect()
            self._client.close()
            self._client = None
        if self.server:
            self.server.leave()

    def __enter__(self) -> Database[dict[str, Any]]:
        with self._lock:
            database = self._open()
            self._users += 1
            return database

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> None:
        address = self.address
        with self._lock:
            self._users -= 1
            if not self._users:
                self.close()
        if isinstance(error, PyMongoError):
            raise DatabaseError(explain(error, address)) from error

    def _reachable_client(self) -> MongoClient[dict[str, Any]]:
        timeout_ms = int(self._config.connect_timeout_s * 1000)
        options: dict[str, Any] = {"serverSelectionTimeoutMS": timeout_ms, "connectTimeoutMS": timeout_ms}
        try:
            given = parse_uri(self.uri)["options"] if not self.server else {}
            if "w" not in given:
                options["w"] = "majority"
            client: MongoClient[dict[str, Any]] = MongoClient(
                self.uri, tz_aware=True, journal=True, appname="swathe", uuidRepresentation="standard", **options
            )
        except (InvalidURI, ConfigurationError, ValueError) as error:
            raise ConfigError(
                f"[mongodb] uri '{self.address}' cannot be used: {mask_addresses(str(error))}; expected "
                f"mongodb://user:password@host:27017/ with special characters of the password percent-encoded"
            ) from None
        try:
            # A command that needs the right to read, so that a wrong password shows now and not in mid-crawl.
            database = client[self._config.database]
            ready = database.command("listCollections", nameOnly=True, filter={"name": READY})
            if ready["cursor"]["firstBatch"]:
                finish(database)
        except PyMongoError as error:
            client.close()
            raise DatabaseError(explain(error, self.address)) from None
        return client


@cache
def connection_to(config: MongoConfig) -> Connection:
    """Return this process's connection for a configuration: MongoEngine's own registry is one a process, too."""
    return Connection(config)


def explain(error: PyMongoError, address: str) -> str:
    """Say what went wrong at `address` and what to do about it, without a password."""
    what = f"MongoDB at {address}"
    reason = mask_addresses(" ".join(str(error).split()))[:300]
    if isinstance(error, OperationFailure):
        if error.code == AUTHENTICATION_FAILED:
            return f"{what} refused the user or the password: correct them in SWATHE_MONGODB_URI"
        if error.code == UNAUTHORIZED:
            return f"{what} does not let this user do that: grant it the role readWrite on the database; {reason}"
        return f"{what} answered: {error.details.get('errmsg', reason) if error.details else reason}"
    if "certificate" in reason.lower() or "ssl" in reason.lower():
        return f"{what} has a TLS problem: {reason}; check tlsCAFile in SWATHE_MONGODB_URI"
    if isinstance(error, ServerSelectionTimeoutError | ConnectionFailure):
        return (
            f"{what} does not answer ({_short_cause(reason)}): "
            f"start it, correct SWATHE_MONGODB_URI, or leave [mongodb] uri empty for the embedded server"
        )
    return f"{what}: {reason}"


def _short_cause(reason: str) -> str:
    """Keep the first cause of pymongo's long topology description."""
    return reason.split(" (configured timeouts", 1)[0].split(", Timeout:", 1)[0]
