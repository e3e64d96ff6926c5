"""The status as a message."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bson import ObjectId

from models.schedules import Firing
from scraper.schedule.alerts.message import DEFUSED, Message
from scraper.status.status import as_json
from scraper.status.text import status_lines
from scraper.storage.connection import connection_to

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scraper.core.config import Config
    from scraper.schedule.alerts.delivery import Receiver
    from scraper.status.status import Status


def digest_of(status: Status, firing: str = "") -> Message:
    """Return the message: its title says whether everything is fine, its text is what `swathe status` prints.

    Its id is made of the firing that sends it, whichever try that is.
    """
    count = len(status.problems)
    how = "everything is fine" if status.fine else f"{count} thing{'s are' if count > 1 else ' is'} not fine"
    # Reasons hold text of pages, which must neither call people nor make links.
    body = "\n".join(line.text.translate(DEFUSED) for line in status_lines(status))
    return Message(
        f"swathe: {how}", body, good=status.fine, id=f"digests/{firing or ObjectId()}", data={"status": as_json(status)}
    )


def send_digest(message: Message, receivers: Sequence[Receiver], config: Config, firing: str = "") -> list[str]:
    """Send a digest and return the names of those that do not take it. Blocks.

    An earlier try of the same firing may have reached some already: they are left out. Raises DatabaseError.
    """
    if not firing:
        return [one.name for one in receivers if not one.send(message)]
    refused = []
    with connection_to(config.mongodb):
        same = Firing.objects(id=firing)
        took = same.distinct("told")
        for one in receivers:
            if one.digest in took:
                continue
            if one.send(message):
                same.update_one(add_to_set__told=one.digest)
            else:
                refused.append(one.name)
    return refused
