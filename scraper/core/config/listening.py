"""The section of config.ini about other programs that hear of records."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr

from scraper.core.config.sections import PositiveSeconds, Section, option

AMQP, REDIS = ("amqp", "amqps"), ("redis", "rediss", "unix")
"""Schemes of the addresses of brokers."""


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
