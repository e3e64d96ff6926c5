"""What is an IP address or a network, and addresses to listen on.

Those are written out in full, so that nothing is opened to the network by leaving a part away.
"""

from __future__ import annotations

import re
from ipaddress import ip_address, ip_network
from typing import NamedTuple

from pydantic_core import PydanticCustomError


class Address(NamedTuple):
    """A host's address and a port; port 0 is any free one."""

    host: str
    port: int

    @property
    def is_loopback(self) -> bool:
        """Whether nobody beyond this host can reach it."""
        return ip_address(self.host).is_loopback

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def read_address(text: object) -> object:
    """Return the address that a text such as `127.0.0.1:9100` names, or None for an empty one."""
    if not isinstance(text, str):
        return text
    if not text.strip():
        return None
    found = re.fullmatch(r"(?:\[([\da-fA-F:]+)\]|([^:]+)):(\d{1,5})", text.strip())
    try:
        if found is None or int(found[3]) > 65_535:
            raise ValueError
        host = "127.0.0.1" if found[2] == "localhost" else found[1] or found[2]
        return Address(str(ip_address(host)), int(found[3]))
    except ValueError:
        raise PydanticCustomError(
            "address", "an address with a port, such as 127.0.0.1:9100 (or 0.0.0.0:9100, for the whole network)"
        ) from None


def is_network(text: str) -> bool:
    """Return whether a text is an address or a network.

    >>> [is_network(text) for text in ("10.0.0.0/8", "::1", "intranet.example")]
    [True, True, False]
    """
    try:
        ip_network(text, strict=False)
    except ValueError:
        return False
    return True
