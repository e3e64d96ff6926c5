"""An address of MongoDB taken apart into what may be shown and what is secret, also one that is written wrongly."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import unquote

MASK = "***"

_SECRET_OPTION = re.compile(r"(?i)password|passphrase|mechanismproperties|token|secret")
_IN_TEXT = re.compile(r"mongodb(?:\+srv)?://[^\s'\"]+")
_HOST = r"(?:[\w.-]+|\[[\da-fA-F:.]+\])(?::\d+)?"
_ASKS = re.compile(rf"{_HOST}(?:,{_HOST})*(?:/[^/?@]*)?\?\w+=")
"""The hosts and the first option of an address without an account: an `@` behind it is part of an option."""


class MongoAddress(NamedTuple):
    """What an address is made of. Everything before the last `@` is the account: a password may have any sign.

    Only where hosts and options stand before it, there is no account.
    """

    scheme: str
    user: str
    password: str
    rest: str
    """The hosts, the path and the options behind a `?`."""

    @classmethod
    def read(cls, address: str) -> MongoAddress:
        """Take an address apart; one without a scheme has an empty one.

        >>> MongoAddress.read("mongodb://ann:s/cr@t@db.example/?tls=true")
        MongoAddress(scheme='mongodb://', user='ann', password='s/cr@t', rest='db.example/?tls=true')
        """
        scheme = re.match(r"[\w+.-]*://|", address)[0]  # type: ignore[index]  # it matches at least nothing
        told = address.removeprefix(scheme)
        account, _, rest = ("", "", told) if _ASKS.match(told) else told.rpartition("@")
        user, _, password = account.partition(":")
        return cls(scheme, user, password, rest)

    @property
    def options(self) -> list[tuple[str, str]]:
        """The options with their values, as they are written."""
        _, _, query = self.rest.partition("?")
        found = (part.partition("=") for part in re.split("[&;]", query) if part)
        return [(name, value) for name, _, value in found]

    @property
    def shown(self) -> str:
        """The address without what is secret in it."""
        place, asks, _ = self.rest.partition("?")
        options = (f"{name}={MASK if _is_secret(name, value) else value}" for name, value in self.options)
        account = f"{self.user}{f':{MASK}' if self.password else ''}@" if self.user or self.password else ""
        return f"{self.scheme}{account}{place}{asks}{'&'.join(options)}"

    @property
    def secrets(self) -> set[str]:
        """What is secret in it, as it is written and as MongoDB is told it."""
        written = [self.password, *(value for name, value in self.options if _is_secret(name, value))]
        return {form for secret in written if secret for form in (secret, unquote(secret))}


def mask_addresses(text: str) -> str:
    """Hide what is secret in every address of MongoDB in a text.

    >>> mask_addresses("mongodb://ann:s3cr@t@db.example:27017/?tlsCertificateKeyFilePassword=x is down")
    'mongodb://ann:***@db.example:27017/?tlsCertificateKeyFilePassword=*** is down'
    """
    return _IN_TEXT.sub(lambda found: MongoAddress.read(found[0]).shown, text)


def _is_secret(option: str, value: str) -> bool:
    """Return whether an option's value is secret; one with an `@` may be the rest of an odd password."""
    return "@" in value or _SECRET_OPTION.search(option) is not None
