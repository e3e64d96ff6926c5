"""Addresses to listen on are read whole or not at all, so that nothing is opened to the network by mistake."""

from __future__ import annotations

import pytest
from support import configured

from scraper.core.ip_address import Address, is_network, read_address
from scraper.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "host", "port", "loopback"),
    [
        ("127.0.0.1:9100", "127.0.0.1", 9100, True),
        (" localhost:0 ", "127.0.0.1", 0, True),
        ("[::1]:65535", "::1", 65535, True),
        ("[0:0::1]:80", "::1", 80, True),
        ("0.0.0.0:9100", "0.0.0.0", 9100, False),
        ("[::]:9100", "::", 9100, False),
        ("192.168.1.7:8000", "192.168.1.7", 8000, False),
    ],
)
def test_an_address_is_read_and_written_back(text: str, host: str, port: int, *, loopback: bool) -> None:
    address = read_address(text)
    assert isinstance(address, Address)
    assert (address.host, address.port, address.is_loopback) == (host, port, loopback)
    assert read_address(str(address)) == address


@pytest.mark.parametrize(
    "text",
    [
        "9100", ":9100", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:http", "127.1:80",
        "::1:80", "[::1]", "[127.0.0.1]:80", "host.example:80", "http://127.0.0.1:80", "127.0.0.1:80:80", "256.0.0.1:1",
    ],
)  # fmt: skip
def test_an_address_that_leaves_something_open_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match=r"expected an address with a port, such as 127\.0\.0\.1:9100"):
        configured(SWATHE_METRICS_ADDRESS=text)


def test_no_address_is_none_and_one_that_was_read_stays() -> None:
    assert read_address("  ") is None
    assert read_address(Address("::1", 80)) == Address("::1", 80)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("10.0.0.7", True),
        ("10.0.0.7/8", True),  # somebody's own address with the size of the network
        ("fe80::/10", True),
        ("10.0.0.0/33", False),
        ("10.0.0", False),
        ("10.0.0.0/8 ", False),
        ("", False),
    ],
)
def test_a_network_is_told_from_a_name(text: str, *, answer: bool) -> None:
    assert is_network(text) is answer
