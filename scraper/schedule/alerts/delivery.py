"""Deliver messages that are kept until all who are to have them do: claimed by one process, and tried again."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from pymongo import ReturnDocument

from scraper.schedule.alerts.targets import targets_of
from scraper.schedule.alerts.webhooks import webhooks_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from pymongo.collection import Collection

    from scraper.core.config.schedules import AlertsConfig
    from scraper.schedule.alerts.message import Message
    from scraper.schedule.alerts.targets import Target
    from scraper.schedule.alerts.webhooks import Webhook

    Receiver = Target | Webhook
    Kept = dict[str, Any]

logger = logging.getLogger(__name__)

LEAST_CLAIM_S = 60.0
"""How long a message is left to the process that sends it, at least; if it dies, another one sends it then."""

NOBODY = (
    "[alerts] targets and webhooks are empty, expected addresses of apprise or of webhooks: "
    "set SWATHE_ALERTS_TARGETS or SWATHE_ALERTS_WEBHOOKS"
)


def receivers_of(config: AlertsConfig) -> list[Receiver]:
    """Return all who are told, of incidents, watches and digests alike; raise ConfigError for one that cannot be."""
    return [*targets_of(config.targets), *webhooks_of(config)]


def send_due(
    kept: Collection[Kept], message_of: Callable[[Kept], Message], config: AlertsConfig, receivers: Sequence[Receiver],
    now: datetime, only: Mapping[str, Any] | None = None,
) -> None:  # fmt: skip
    """Send those of the messages in a collection whose time has come, the oldest first; `only` narrows them. Blocks.

    What one does not take is tried again later. The documents are `models.delivery.Delivered`.
    """
    here = {one.digest: one for one in receivers}
    claim = timedelta(seconds=max(LEAST_CLAIM_S, config.timeout_s * len(here)))
    # One that is to wait for longer than any does was put off before the clock was set back.
    never = now + 2 * max(claim, timedelta(seconds=config.retry_wait_most_s))
    its_time = [{"next_try_at": {"$lte": now}}, {"next_try_at": {"$gt": never}}]
    due = {**(only or {}), "to_tell": {"$in": list(here)}, "$or": its_time}
    for _ in range(kept.count_documents(due)):
        one = kept.find_one_and_update(
            due, {"$set": {"next_try_at": now + claim}, "$inc": {"tries": 1}}, sort=[("_id", 1)],
            return_document=ReturnDocument.AFTER,
        )  # fmt: skip
        if one is None:
            return
        if not _deliver(kept, one, message_of(one), [here[digest] for digest in one["to_tell"] if digest in here]):
            wait_s = min(config.retry_wait_s * 2 ** min(one["tries"] - 1, 20), config.retry_wait_most_s)
            kept.update_one(_as_it_was(one), {"$set": {"next_try_at": now + timedelta(seconds=wait_s)}})


def _deliver(kept: Collection[Kept], one: Kept, message: Message, receivers: Sequence[Receiver]) -> bool:
    """Send a message, take note of each that took it, and return whether all did."""
    failed = False
    for receiver in receivers:
        if receiver.send(message):
            kept.update_one(_as_it_was(one), {"$pull": {"to_tell": receiver.digest}})
            kept.update_one({"_id": one["_id"]}, {"$addToSet": {"told": receiver.digest}})
            logger.info("Told %s: %s", receiver.name, message.title)
        else:
            failed = True
            logger.warning(
                "%s does not take messages: this one is kept and tried again: %s", receiver.name, message.title
            )
    return not failed


def _as_it_was(one: Kept) -> dict[str, Any]:
    """Return the filter of a document whose message is still the same: an incident that has ended has another one."""
    return {name: one[name] for name in ("_id", "open") if name in one}
