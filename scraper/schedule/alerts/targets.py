"""The targets of messages: apprise's addresses, which hold secrets and are never shown."""

from __future__ import annotations

import logging
import warnings
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from scraper.errors import ConfigError

if TYPE_CHECKING:
    from pydantic import SecretStr

    from scraper.schedule.alerts.message import Message

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Target:
    """One target; `digest` tells it from others without saying what it is."""

    number: int
    service: str
    digest: str
    sender: Any

    @property
    def name(self) -> str:
        """Its place in the list and its service: nothing of the address, of which any part may be a secret."""
        return f"target {self.number} ({self.service})"

    def send(self, message: Message) -> bool:
        """Send a message and return whether it was taken. Blocks, for seconds when the target is down."""
        import apprise

        kind = apprise.NotifyType.SUCCESS if message.good else apprise.NotifyType.WARNING
        try:
            return bool(
                self.sender.notify(
                    title=message.title, body=message.body, notify_type=kind, body_format=apprise.NotifyFormat.TEXT
                )
            )
        except Exception as error:  # noqa: BLE001
            # 130 services, each with code of its own; whose text may hold the address.
            logger.warning("%s raised %s", self.name, type(error).__name__)
            return False


def targets_of(addresses: SecretStr) -> list[Target]:
    """Return the targets of [alerts] targets; raise ConfigError for an address that apprise cannot use."""
    text = addresses.get_secret_value()
    if not text.strip():
        return []
    # Takes its time, which only those pay who have targets.
    import apprise
    from apprise.utils.parse import parse_urls

    for name in ("apprise", "urllib3"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)  # both name parts of addresses
    asset = apprise.AppriseAsset(app_id="Swathe", app_desc="Swathe", app_url="", secure_logging=True)
    targets = []
    for number, address in enumerate(parse_urls(text), 1):  # type: ignore[no-untyped-call]
        with warnings.catch_warnings(action="ignore", category=DeprecationWarning):  # loads all of apprise's services
            sender = apprise.Apprise.instantiate(address, asset=asset, suppress_exceptions=True)
        if sender is None:
            raise ConfigError(
                f"[alerts] targets: address {number} is none that apprise knows (it is not shown, it may hold a "
                f"secret), expected one such as mailto://user:password@example.org or json://127.0.0.1:8080/"
            )
        digest = sha256(address.encode()).hexdigest()[:16]
        targets.append(Target(number, str(sender.service_name), digest, sender))
    if not targets:
        raise ConfigError("[alerts] targets has no address in it, expected one such as json://127.0.0.1:8080/")
    return targets
