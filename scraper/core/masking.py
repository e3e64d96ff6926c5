"""Masks what no log line may show: secrets of the configuration, passwords in addresses, headers that log in."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from pydantic import BaseModel, SecretStr

from scraper.core.mongo_address import MASK, MongoAddress

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from scraper.core.config import Config

SHORT = 5
"""Characters below which a secret is masked only as a whole word: else the password `a` would take all the text."""
LIKE_A_KEY = 8
"""Characters from which a part of an alert's target, if it has a digit and no dot, is taken for a key."""

# Begun at something fixed and bounded by the next slash, so that no text of a page makes it slow.
_PASSWORD = re.compile(r"(://[^\s/:@]*):[^\s/]*@")
_HEADER = re.compile(
    r"""(?ix) \b( (?:proxy-)?authorization | (?:set-)?cookie ) (["']?\s*[:=]\s*)
    ( \[[^\]\n]*\] | b?'[^'\n]*' | b?"[^"\n]*" | [^\n]+ )"""
)
_SECRET_SETTING = re.compile(r"_(PASS|PASSWORD|SECRET|TOKEN|ACCESS_KEY)$")


class Masking:
    """Replaces secrets in a text; to be made once, then called for each line."""

    def __init__(self, secrets: Iterable[str]) -> None:
        """Take the secrets; each is also known as it stands inside an address."""
        known = {form for secret in secrets for form in (secret, unquote(secret)) if form.strip()}
        words = (re.escape(one) if len(one) >= SHORT else rf"(?<!\w){re.escape(one)}(?!\w)" for one in known)
        self._known = re.compile("|".join(sorted(words, key=len, reverse=True))) if known else None

    def __call__(self, text: str) -> str:
        """Return the text without secrets.

        >>> Masking(["hunter2"])("as ann:hunter2, from redis://:pw@cache/0, Cookie: a=b")
        'as ann:***, from redis://:***@cache/0, Cookie: ***'
        """
        text = _PASSWORD.sub(rf"\1:{MASK}@", text)
        text = _HEADER.sub(rf"\1\2{MASK}", text)
        return self._known.sub(MASK, text) if self._known else text


def secrets_of(config: Config) -> set[str]:
    """Return every secret of the configuration, whatever option it comes from."""
    parts = {part for secret in _values(config) for part in _parts(secret)}
    return parts | set(_tokens(config.alerts.targets.get_secret_value()))


def secret_settings(settings: Mapping[str, Any]) -> set[str]:
    """Return the values of Scrapy's settings whose names say that they are secret."""
    return {str(value) for name, value in settings.items() if _SECRET_SETTING.search(name) and value}


def _values(option: object) -> Iterator[str]:
    if isinstance(option, SecretStr):
        yield option.get_secret_value().strip()
    elif isinstance(option, BaseModel):
        for name in type(option).model_fields:
            yield from _values(getattr(option, name))
    elif isinstance(option, dict):
        for value in option.values():
            yield from _values(value)


def _parts(secret: str) -> Iterator[str]:
    """Yield what is secret in an option: the passwords of addresses, or `user:password` and the password in it."""
    if secret.startswith(("mongodb", "amqp", "redis", "unix")):
        yield from MongoAddress.read(secret).secrets
        return
    if "://" not in secret:
        yield from {secret, secret.partition(":")[2]}
        return
    for address in secret.split(","):
        account, at, _ = address.partition("://")[2].rpartition("@")
        if at:
            yield account.partition(":")[2]


def _tokens(targets: str) -> Iterator[str]:
    """Yield the parts of the alerts' targets that may be keys: many services have theirs in the path."""
    for part in re.split(r"[/?&=:@,\s]+", targets):
        if len(part) >= LIKE_A_KEY and re.search(r"\d", part) and "." not in part:
            yield part
