"""A proxy of the user's, and what it does instead of passing a request on."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Self
from urllib.parse import quote, urlsplit

from scrapy.exceptions import DownloadFailedError
from scrapy.utils.url import add_http_if_no_scheme

from scraper.fetch.http.addresses import WEB_PORTS

if TYPE_CHECKING:
    from scraper.core.config.proxies import ProxyLine
    from scraper.core.failed_page import Reason

CONNECT_TIMEOUT_S = 20
"""How long a proxy may take to answer, or to open a tunnel."""

WRONG_ACCOUNT = 407


class ProxyFailedError(DownloadFailedError):
    """Report that a proxy did not pass a request on, so that the site was not asked."""

    reason: ClassVar[Reason] = "proxy"

    def __init__(self, what: str, *, towards_host: bool = False, status: int = 0) -> None:
        super().__init__(what)
        self.towards_host, self.status = towards_host, status
        """Whether the proxy may still reach other hosts, and its answer, 0 for none."""


@dataclass(frozen=True)
class Upstream:
    """A proxy; `authorization` is the value of the header Proxy-Authorization, or nothing."""

    host: str
    port: int
    authorization: str = field(default="", repr=False)
    account: str = field(default="", repr=False)
    """`user:password` as an address has it, or nothing."""

    @classmethod
    def of(cls, url: str, authorization: str = "") -> Self:
        """Read a proxy's address; raise ValueError unless it is an http one."""
        parts = urlsplit(add_http_if_no_scheme(url))
        if parts.scheme != "http" or not parts.hostname:
            raise ValueError(f"the proxy is {parts.scheme}://{parts.hostname}, expected http://HOST:PORT")
        return cls(parts.hostname, parts.port or 80, authorization)

    @classmethod
    def of_line(cls, line: ProxyLine) -> Self:
        """Return the proxy of a line of [proxies]."""
        account = line.account.get_secret_value()
        user, _, password = account.partition(":")
        header = f"Basic {b64encode(account.encode()).decode()}" if account else ""
        return cls(line.host, line.port, header, f"{quote(user, '')}:{quote(password, '')}" if account else "")

    @property
    def address(self) -> str:
        """Host and port."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def url(self) -> str:
        """Its address with the account, which must not be shown."""
        return f"http://{self.account}@{self.address}" if self.account else f"http://{self.address}"

    async def check(self) -> None:
        """Ask for a host that there is not; raise ProxyFailedError unless the proxy answers and takes the account."""
        try:
            _, writer = await self.connect("swathe.invalid", WEB_PORTS["https"], tunnel=True)
        except ProxyFailedError as error:
            if not error.status:
                raise
        else:
            writer.close()

    async def connect(self, host: str, port: int, *, tunnel: bool) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect to the proxy, and through it when a tunnel is wanted; raise ProxyFailedError when it will not."""
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                reader, writer = await asyncio.open_connection(self.host, self.port)
        except (OSError, TimeoutError, UnicodeError) as error:
            raise ProxyFailedError(not_connected(self.address, error)) from None
        if tunnel:
            try:
                async with asyncio.timeout(CONNECT_TIMEOUT_S):
                    await self._open_tunnel(reader, writer, f"[{host}]:{port}" if ":" in host else f"{host}:{port}")
            except (OSError, EOFError, asyncio.LimitOverrunError):
                writer.close()
                raise ProxyFailedError(no_answer(self.address), towards_host=True) from None
            except BaseException:
                writer.close()
                raise
        return reader, writer

    async def _open_tunnel(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, server: str) -> None:
        asked = f"CONNECT {server} HTTP/1.1\r\nHost: {server}\r\n"
        writer.write(asked.encode("latin-1") + self.header() + b"\r\n")
        answer = await reader.readuntil(b"\r\n\r\n")
        status = answer.split(b" ", 2)[1:2]
        if status != [b"200"]:
            raise refused(self.address, int(status[0]) if status and status[0].isdigit() else 0)

    def header(self) -> bytes:
        """Return the line that tells the proxy who asks, if it wants to know."""
        return f"Proxy-Authorization: {self.authorization}\r\n".encode("latin-1") if self.authorization else b""


def not_connected(address: str, error: BaseException | None) -> str:
    """Say that a proxy cannot be connected to."""
    known = {ConnectionRefusedError: "refused the connection", TimeoutError: f"took no connection {_WITHIN}"}
    what = next((what for kind, what in known.items() if isinstance(error, kind)), "cannot be connected to")
    return f"the proxy {address} {what}"


def no_answer(address: str) -> str:
    """Say that a proxy takes connections and does not answer."""
    return f"the proxy {address} took the connection and opened no tunnel {_WITHIN}"


def refused(address: str, status: int) -> ProxyFailedError:
    """Return the error for an answer of a proxy's own; an account that it does not take is one for all hosts."""
    if status == WRONG_ACCOUNT:
        return ProxyFailedError(f"the proxy {address} answered 407: it wants a user and password, or others")
    what = f"the proxy {address} answered {status or 'with no HTTP'}"
    return ProxyFailedError(what, towards_host=True, status=status)


_WITHIN = f"within {CONNECT_TIMEOUT_S} s"
