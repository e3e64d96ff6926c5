"""The section of config.ini about the page and the API of `swathe web`."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator

from scraper.core.config.sections import PositiveSeconds, Section, option
from scraper.core.ip_address import Address, read_address

PUBLIC_URL = re.compile(r"(https?)://([a-z0-9.-]+(?::\d{1,5})?|\[[0-9a-f:]+\](?::\d{1,5})?)((?:/[A-Za-z0-9._~-]+)*)/?")

PORTS = {"http": ":80", "https": ":443"}
"""What browsers leave out."""


def _check_public_url(text: str) -> str:
    if text and not PUBLIC_URL.fullmatch(text.lower()):
        raise ValueError(f"is {text!r}, expected an address such as https://swathe.example/ or …/with/a/path")
    return text.removesuffix("/")


class WebConfig(Section):
    """Where the page and the API are, and how long one question may take."""

    address: Annotated[Address, BeforeValidator(read_address)] = option(
        "127.0.0.1:8700",
        "Where `swathe web` listens; port 0 takes any free one. Beyond this machine it needs public_url and a token.",
    )
    public_url: Annotated[str, AfterValidator(_check_public_url)] = option(
        "",
        "Address that browsers use when a proxy stands in front, with its path if it has one, e.g. "
        "https://swathe.example/crawls. Only this name, and those of this machine, are answered. Empty: none.",
    )
    query_limit_s: PositiveSeconds = option(
        "10", "Seconds that MongoDB may take for one page; a download has 60 times as long."
    )

    @property
    def public_origin(self) -> str:
        """Scheme, name and port of `public_url`, as a browser's Origin header has them; empty without one."""
        if not self.public_url:
            return ""
        return f"{self._public(1)}://{self._public(2).removesuffix(PORTS[self._public(1)])}"

    @property
    def prefix(self) -> str:
        """The path of `public_url`, without a slash at its end."""
        return self.public_url[-len(path) :] if (path := self._public(3)) else ""

    @property
    def is_secure(self) -> bool:
        """Whether browsers come by HTTPS."""
        return self._public(1) == "https"

    def _public(self, part: int) -> str:
        found = PUBLIC_URL.fullmatch(self.public_url.lower())
        return found[part] if found else ""
