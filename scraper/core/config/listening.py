"""The sections of config.ini about who hears of records that are new or change: other programs, and people."""

from __future__ import annotations

import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr

from scraper.core.config.sections import PositiveSeconds, Section, option

AMQP, REDIS = ("amqp", "amqps"), ("redis", "rediss", "unix")
"""Schemes of the addresses of brokers."""

WATCH_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")


def _check_broker(address: SecretStr) -> SecretStr:
    """Raise ValueError, without the address itself, for one that names no broker."""
    expected = "expected amqp://user:password@host:5672/ (amqps:// for TLS) or redis://:password@host:6379/0"
    text = address.get_secret_value()
    try:
        parts = urlsplit(text)
        known = parts.scheme in AMQP + REDIS and (parts.hostname or parts.scheme == "unix")
        _ = parts.port
    except ValueError as error:
        raise ValueError(f"is no address ({error}; it is not shown, it may hold a secret), {expected}") from None
    if text and not known:
        raise ValueError(f"names no broker (it is not shown, it may hold a secret), {expected}")
    return address


class EventsConfig(Section):
    """Where other programs hear of what changed; an empty `amqp_url` is nowhere."""

    amqp_url: Annotated[SecretStr, AfterValidator(_check_broker)] = option(
        "",
        "Broker that hears of every new, changed and gone record and of every run's end: amqp://user:password@host/ "
        "(amqps:// for TLS), or redis://… for a stream of Redis. Put it into SWATHE_EVENTS_AMQP_URL, since it may hold "
        "a password. Empty: none.",
    )
    exchange: Annotated[str, Field(pattern=r"^[A-Za-z0-9._:-]{1,127}$")] = option(
        "swathe", "Name of the topic exchange of RabbitMQ, or of the stream of Redis; made where it is missing."
    )
    timeout_s: PositiveSeconds = option(
        "20",
        "Seconds that the broker may take to be reached, and to confirm a batch.",
    )


def check_watches(watches: dict[str, str]) -> dict[str, str]:
    """Raise ValueError for a watch whose name cannot be one, or whose line is too short to be one."""
    for name, line in watches.items():
        if not WATCH_NAME.fullmatch(name):
            raise ValueError(f"has a watch {name!r}, expected a name of letters, digits, - and _, 40 at most")
        if len(line.split()) < 2:
            raise ValueError(
                f"'{name}' is {line!r}, expected RECORDS and a condition, such as books price<10 or books price drop 5%"
            )
    return watches


Watches = Annotated[dict[str, str], AfterValidator(check_watches)]
