"""The section [proxies]: through which proxies which hosts are reached; accounts come from the environment alone."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated
from urllib.parse import unquote, urlsplit

from pydantic import AfterValidator, BeforeValidator, SecretStr

from scraper.core.config.schedules import plain_name
from scraper.core.config.sections import Section
from scraper.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

DIRECT = "direct"
"""What stands for the way without a proxy."""

_PATTERN = re.compile(r"\*|(?:\*\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*|(?=.*:.*:)[0-9a-f:.]+")
_EXPECTED = "expected http://HOST:PORT, or direct, such as http://proxy.example:3128 | hosts=*.shop.example"


class ProxyLine(Section):
    """One line of [proxies]: a proxy, or the direct way when `host` is empty, and the hosts that are reached by it."""

    host: str = ""
    port: int = 0
    account: SecretStr = SecretStr("")
    """`user:password`, or empty."""
    hosts: tuple[str, ...] = ("*",)

    @property
    def address(self) -> str:
        """The proxy's host and port as people know it, without the account; `direct` for the way without one."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}" if self.host else DIRECT


def read_proxy(text: object) -> object:
    """Take `http://USER:PASSWORD@HOST:PORT | hosts=PATTERN,…` apart; raise ValueError, which shows no account.

    >>> read_proxy("http://proxy.example:3128 | hosts=*.shop.example")
    {'host': 'proxy.example', 'port': 3128, 'account': '', 'hosts': ('*.shop.example',)}
    """
    if not isinstance(text, str):
        return text
    address, _, rest = (part.strip() for part in text.partition("|"))
    hosts = _patterns(rest)
    if address == DIRECT:
        return {"hosts": hosts}
    shown = re.sub(r"^(\w+://)?.*@", r"\1***@", address)
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if not host or parts.scheme != "http" or parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError(f"is '{shown}', {_EXPECTED}")
    if not port:
        raise ValueError(f"is '{shown}', without a port: {_EXPECTED}")
    account = parts.netloc.rpartition("@")[0]
    user, _, password = account.partition(":")
    return {"host": host, "port": port, "account": account and f"{unquote(user)}:{unquote(password)}", "hosts": hosts}


def _patterns(rest: str) -> tuple[str, ...]:
    if not rest:
        return ("*",)
    option, _, value = rest.partition("=")
    patterns = tuple(pattern.strip().lower() for pattern in value.split(","))
    if option.strip() != "hosts":
        raise ValueError(f"has '{rest[:100]}' after the |, expected hosts=PATTERN,…, such as hosts=*.shop.example")
    if odd := [pattern for pattern in patterns if not _PATTERN.fullmatch(pattern)]:
        raise ValueError(f"has the host '{odd[0][:100]}', expected a name, *.name or * (without a port)")
    return patterns


def check_proxies(proxies: dict[str, ProxyLine]) -> dict[str, ProxyLine]:
    """Raise ValueError when two proxies have one name, or hosts are to be reached through a proxy and directly."""
    names: dict[str, str] = {}
    ways: dict[str, str] = {}
    for name, proxy in proxies.items():
        if (other := names.setdefault(plain_name(name), name)) != name:
            raise ValueError(f"has two proxies of one name, '{other}' and '{name}': rename or drop one")
        for pattern in proxy.hosts:
            other = ways.setdefault(pattern, name)
            if (not proxies[other].host) != (not proxy.host):
                raise ValueError(f"has hosts={pattern} in '{other}' and '{name}', of which one is direct: drop one")
    return proxies


Proxies = Annotated[dict[str, Annotated[ProxyLine, BeforeValidator(read_proxy)]], AfterValidator(check_proxies)]


def variable_of(name: str) -> str:
    """Return the environment variable of a proxy, the one place for its account.

    >>> variable_of("eu-1")
    'SWATHE_PROXIES_EU_1'
    """
    return f"SWATHE_PROXIES_{plain_name(name).upper()}"


def refuse_accounts(proxies: Mapping[str, ProxyLine], origin: Mapping[tuple[str, str], str]) -> None:
    """Raise ConfigError for an account that stands in a file, or was typed, where others can read it."""
    for name, proxy in proxies.items():
        where = origin["proxies", name]
        if proxy.account.get_secret_value() and not where.startswith("environment"):
            raise ConfigError(
                f"{where} has a user and password in its address, which no file may hold: leave them out here, and set "
                f"{variable_of(name)}=http://USER:PASSWORD@{proxy.address} in the environment"
            )


def with_hosts(given: str, in_file: str) -> str:
    """Return a proxy as the environment gives it, for the hosts that the file names unless it names some itself.

    >>> with_hosts("http://user:pw@proxy.example:3128", "http://proxy.example:3128 | hosts=*.shop.example")
    'http://user:pw@proxy.example:3128 | hosts=*.shop.example'
    """
    _, bar, hosts = in_file.partition("|")
    return given if "|" in given or not bar else f"{given} |{hosts}"


def proxies_for(proxies: Mapping[str, ProxyLine], host: str) -> tuple[str, ...]:
    """Return the names of the proxies for a host (without a port): those of the pattern that says most about it.

    Empty for a host that is reached directly.
    """
    names = {host.lower().strip("[]"), "*"}
    labels = host.lower().split(".")
    names |= {"*." + ".".join(labels[start:]) for start in range(1, len(labels))}
    fitting = {pattern for proxy in proxies.values() for pattern in proxy.hosts if pattern in names}
    best = max(fitting, key=lambda pattern: (not pattern.startswith("*"), len(pattern)), default=None)
    return tuple(name for name, proxy in proxies.items() if best in proxy.hosts and proxy.host)
