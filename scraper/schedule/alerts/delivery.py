"""Deliver a message that is kept until its targets have it: claimed by one process, and tried again where it failed."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from scraper.core.config.schedules import AlertsConfig
    from scraper.schedule.alerts.message import Message
    from scraper.schedule.alerts.targets import Target
    from scraper.schedule.alerts.webhooks import Webhook

logger = logging.getLogger(__name__)


def claimed_until(config: AlertsConfig, targets: int, now: datetime) -> datetime:
    """Return until when a message is left to the process that sends it to so many targets.

    Who moves the next try there first may send; if that process dies, another one sends after that time.
    """
    return now + timedelta(seconds=max(60.0, config.timeout_s * targets))


def deliver(
    message: Message, targets: Sequence[Target | Webhook], told: Callable[[str], None], *, what: str = "messages"
) -> bool:
    """Send a message, call `told` with the digest of each target that took it, and return whether all did. Blocks."""
    failed = False
    for target in targets:
        if target.send(message):
            told(target.digest)
            logger.info("Told %s: %s", target.name, message.title)
        else:
            failed = True
            logger.warning(
                "%s does not take %s: this one is kept and tried again: %s", target.name, what, message.title
            )
    return not failed


def retry_at(config: AlertsConfig, tries: int, now: datetime) -> datetime:
    """Return when a message is tried again that was not taken for the `tries`th time, 1 or more."""
    return now + timedelta(seconds=min(config.retry_wait_s * 2 ** min(tries - 1, 20), config.retry_wait_most_s))
