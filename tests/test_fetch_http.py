"""Hostile servers: where they may not send a crawl, how much they may make it take, and what they must not learn."""

from __future__ import annotations

import gzip
import json
import os
import socket
import subprocess
import sys
import zlib
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any

import brotli
import pytest
from hostile_site import CUT, HostileSite, authorization_of
from scrapy.http import Response
from support import ROOT, configured

from scraper.core import zst
from scraper.errors import ProbeError, UsageError
from scraper.fetch.http.addresses import Reach, is_public
from scraper.fetch.http.compression import is_cut_short
from scraper.fetch.http.credentials import may_have_secret
from scraper.paging import Sitemap
from scraper.probe.fetching import Fetcher
from scraper.probe.new_site import site_address
from scraper.probe.report import probe
from scraper.spider.site_spider import check_start_url

if TYPE_CHECKING:
    from collections.abc import Iterator

OPTIONS = {
    "SWATHE_CRAWL_MAX_PAGE_MB": "16",
    "SWATHE_CRAWL_RETRIES": "0",
    "SWATHE_CRAWL_MAX_REDIRECTS": "3",
    "SWATHE_CRAWL_DELAY_S": "0",
    "SWATHE_CRAWL_CONCURRENCY_PER_SITE": "16",
}
UNREACHED = "an address that a page must not reach"
NOT_PUBLIC = """127.0.0.1 10.0.0.1 172.16.0.1 192.168.0.1 100.64.0.1 100.100.100.200 169.254.169.254 168.63.129.16
    192.0.0.192
    0.0.0.0 224.0.0.1 240.0.0.1 255.255.255.255 198.18.0.1 :: ::1 fe80::1 fec0::1 fd00:ec2::254 ff02::1
    ::ffff:10.0.0.1 ::127.0.0.1 64:ff9b::7f00:1 64:ff9b:1::1 2002:7f00:1:: 2001:db8::1 3fff::1"""


@pytest.fixture(scope="module")
def site() -> Iterator[HostileSite]:
    with HostileSite() as site:
        yield site


@pytest.fixture(scope="module")
def other() -> Iterator[HostileSite]:
    """Another program on the same address."""
    with HostileSite() as other:
        yield other


@pytest.fixture(scope="module")
def neighbour(site: HostileSite) -> Iterator[HostileSite]:
    """The same port of another address."""
    with HostileSite("127.0.0.2", site.port) as neighbour:
        yield neighbour


def crawled(start: str, urls: list[str], options: dict[str, str] | None = None, **asked: Any) -> dict[str, Any]:
    """Return what a crawl got, by what it asked for."""
    told = {"start": start, "urls": urls, **asked, "options": {**OPTIONS, **(options or {})}}
    done = subprocess.run(
        [sys.executable, "-W", "error", str(Path(__file__).with_name("fetching_crawl.py")), json.dumps(told)],
        cwd=ROOT,
        env={**os.environ, "SCRAPY_SETTINGS_MODULE": "scraper.settings"},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    found = {page["asked"]: page for page in map(json.loads, done.stdout.splitlines())}
    assert "problems" in found, done.stderr[-3000:]
    return {**found, "log": done.stderr}


TRAPS = {
    "/to?http://OTHER/": UNREACHED,
    "/meta?http://OTHER/": UNREACHED,
    "/to?http://2130706433:PORT/": UNREACHED,
    "/to?http://[::ffff:127.0.0.1]:PORT/": "not on the spider's site",
    "/to?http://127.0.0.2:SAME/": "not on the spider's site",
    "/to?http://www.127.0.0.1:SAME/": "expected an http or https address",
    "/meta?http://elsewhere.example/": "redirects to http://elsewhere.example/, which is not on the spider's site",
    "/to?http://user:hunter2@elsewhere.example/": "redirects to http://elsewhere.example/, which is not on",
    "/to?file:///etc/passwd": "redirects to 'file:///etc/passwd', expected an http or https address",
    "/to?ftp://127.0.0.1/": "expected an http or https address",
    "/to?data:text/html,x": "expected an http or https address",
    "/to?javascript:alert(1)": "expected an http or https address",
    "/to?http://[": "expected an http or https address",
    "/to?/to?/to?/to?/to?/echo": "redirects without end",
    "/gzip": "is larger than [crawl] max_page_mb allows, once it is decompressed",
    "/gzip-gzip": "is larger than [crawl] max_page_mb allows, once it is decompressed",
    "/deflate": "is larger than [crawl] max_page_mb allows, once it is decompressed",
    "/br": "is larger than [crawl] max_page_mb allows, once it is decompressed",
    "/zstd": "is larger than [crawl] max_page_mb allows, once it is decompressed",
    "/layers": "is compressed 41 times over, expected 3 at most",
    "/cut-gzip": "was cut short: its gzip data end too soon",
    "/cut-deflate": "was cut short: its deflate data end too soon",
    "/cut-br": "was cut short: its br data end too soon",
    "/cut-zstd": "was cut short: its zstd data end too soon",
    "/headers": "answered with more than 500 headers or 256 KB of them",
    "/one-header": "answered with more than 500 headers or 256 KB of them",
    "/early": "answered with more than 500 headers or 256 KB of them",
    "/large": "is larger than [crawl] max_page_mb allows",
}


@pytest.fixture(scope="module")
def strict(site: HostileSite, other: HostileSite, neighbour: HostileSite) -> dict[str, Any]:
    """One crawl into every trap, whose start alone is named."""

    def filled(text: str) -> str:
        text = text.replace("OTHER", f"127.0.0.1:{other.port}")
        return text.replace("PORT", str(other.port)).replace("SAME", str(site.port))

    urls = {trap: site.url + filled(trap) for trap in TRAPS}
    further = ["file:///etc/passwd", "ftp://user:hunter2@127.0.0.1/", f"http://u:hunter2@127.0.0.1:{site.port}/named"]
    found = crawled(site.url, [*urls.values(), *further], names={"www.127.0.0.1": ["127.0.0.1"]})
    return {**found, **{trap: found.get(url) for trap, url in urls.items()}}


@pytest.mark.parametrize("trap", TRAPS)
def test_a_trap_ends_as_a_dead_page_that_says_why(strict: dict[str, Any], trap: str) -> None:
    assert TRAPS[trap] in strict[trap]["what"]


@pytest.mark.parametrize(
    ("encoding", "packed"),
    [
        ("gzip", gzip.compress(CUT)),
        ("gzip", gzip.compress(CUT) + gzip.compress(b"more")),
        ("deflate", zlib.compress(CUT)),
        ("deflate", zlib.compress(CUT)[2:-4]),
        ("br", brotli.compress(CUT)),
        ("zstd", zst.compress(CUT)),
        ("zstd", zst.compress(CUT) + zst.compress(b"more")),
    ],
)
def test_packed_data_that_end_too_soon_are_told_from_whole_ones(encoding: str, packed: bytes) -> None:
    assert not is_cut_short(packed, encoding, 0)
    assert not is_cut_short(b"", encoding, 0)
    whole = {len(part) for part in (gzip.compress(CUT), zst.compress(CUT)) if packed.startswith(part)}
    for length in {*range(2, len(packed), 97), len(packed) - 5} - whole:
        assert is_cut_short(packed[:length], encoding, -1), length


def test_a_page_that_was_cut_short_is_asked_for_again(site: HostileSite) -> None:
    url = f"{site.url}/cut-gzip"
    found = crawled(site.url, [url], {"SWATHE_CRAWL_RETRIES": "2"})
    assert found[url]["what"] == "was cut short: its gzip data end too soon (tried 3 times)"


def test_a_packed_sitemap_that_was_cut_short_is_none() -> None:
    packed = gzip.compress(
        b"<urlset>" + b"".join(b"<url><loc>http://x/%d</loc></url>" % n for n in range(999)) + b"</urlset>"
    )
    kind, entries, _ = Sitemap("/").parsed(Response("http://x/sitemap.xml.gz", body=packed))
    assert (kind, len(entries)) == ("urlset", 999)
    assert Sitemap("/").parsed(Response("http://x/sitemap.xml.gz", body=packed[:-50])) == ("", [], "")


def test_a_wrong_checksum_is_forgiven_as_browsers_do() -> None:
    packed = gzip.compress(CUT)
    assert not is_cut_short(packed[:-8] + bytes(8), "gzip", len(CUT))
    assert not is_cut_short(packed + b"garbage", "gzip", len(CUT))


def test_a_server_that_trickles_is_left_in_time(site: HostileSite) -> None:
    urls = [f"{site.url}/slow", f"{site.url}/slow-head"]
    found = crawled(site.url, urls, {"SWATHE_CRAWL_TIMEOUT_S": "4"})
    assert {found[url]["what"] for url in urls} == {"could not be fetched: it took longer than [crawl] timeout_s, 4 s"}


def test_no_trap_led_to_another_program(strict: dict[str, Any], other: HostileSite, neighbour: HostileSite) -> None:
    assert not other.hits
    assert not neighbour.hits


def test_links_that_are_not_of_the_web_are_dead_pages_and_show_no_password(strict: dict[str, Any]) -> None:
    problems = strict["problems"]["problems"]
    assert problems == [
        "file:///etc/passwd cannot be fetched: expected an http or https address",
        "ftp://127.0.0.1/ cannot be fetched: expected an http or https address",
    ]


def test_a_password_in_a_link_is_neither_sent_nor_logged_nor_kept(strict: dict[str, Any], site: HostileSite) -> None:
    (page,) = (page for page in strict.values() if isinstance(page, dict) and page.get("url", "").endswith("/named"))
    assert page["url"] == f"{site.url}/named"
    (hit,) = (hit for hit in site.hits if "/named" in hit)
    assert "authorization" not in hit.lower()
    assert "hunter2" not in strict["log"]


def test_a_name_is_looked_up_once_and_connected_to_where_it_was_checked(
    site: HostileSite, neighbour: HostileSite
) -> None:
    start = f"http://start.example:{site.port}"
    names = {"start.example": ["127.0.0.1", "127.0.0.2"], "evil.start.example": ["127.0.0.1"]}
    before = len(neighbour.hits)
    found = crawled(start, [f"{start}/echo", f"http://evil.start.example:{site.port}/"], names=names)
    assert "start.example" in found[f"{start}/echo"]["text"]
    assert UNREACHED in found[f"http://evil.start.example:{site.port}/"]["what"]
    assert len(neighbour.hits) == before


def test_secrets_stay_with_their_server_and_cookies_with_their_site(site: HostileSite, other: HostileSite) -> None:
    shop, rival = f"http://shop.co.uk:{site.port}", f"http://rival.co.uk:{site.port}"
    echo = f"http://127.0.0.1:{other.port}/echo"
    jar = [f"{shop}/suffix-cookie", f"{shop}/large-cookie", f"{shop}/cookies", f"{shop}/to?{rival}/echo"]
    found = crawled(
        f"{shop}/",
        [*jar, f"{shop}/to?{echo}", f"{shop}/echo", f"{rival}/echo"],
        {"SWATHE_CRAWL_ALLOW_PRIVATE": "shop.co.uk, rival.co.uk, 127.0.0.0/8", "SWATHE_CRAWL_CONCURRENCY": "1"},
        names={"shop.co.uk": ["127.0.0.1"], "rival.co.uk": ["127.0.0.1"]},
        headers={"Authorization": authorization_of("user:hunter2")},
    )
    assert "which is not on the spider's site" in found[f"{shop}/to?{echo}"]["what"]
    own = found[f"{shop}/echo"]["text"]
    assert "Authorization" in own
    assert "own=1" in own
    assert "small=1" in own
    assert "large=" not in own
    assert "wide=1" not in own
    assert 90 < own.count("=xxx") < 100
    foreign = found[f"{rival}/echo"]["text"]
    assert "Cookie" not in foreign
    assert "Referer" not in foreign


@pytest.mark.parametrize("way", ["form", "redirect"])
def test_a_login_form_does_not_send_the_password_elsewhere(site: HostileSite, other: HostileSite, way: str) -> None:
    action = f"{other.url}/session" if way == "form" else f"/keep-to?{other.url}/session"
    options = {"SWATHE_CRAWL_ALLOW_PRIVATE": "127.0.0.1"}
    found = crawled(f"{site.url}/", [], options, login=f"/login?{action}")
    assert "which must not get the password" in found["start"]["what"]
    assert not any("/session" in hit for hit in other.hits)
    assert "hunter2" not in found["log"]


@pytest.mark.parametrize(
    "url",
    ["http://2130706433/", "http://0x7f.1/", "http://[::ffff:127.0.0.1]/", "http://127.1/", "http://0177.0.0.1/"],
)
def test_loopback_in_any_spelling_is_refused(url: str, other: HostileSite) -> None:
    there = url[:-1] + f":{other.port}/"
    fetcher = Fetcher(configured().crawl, "http://elsewhere.example/")
    with pytest.raises(ProbeError, match=UNREACHED):
        fetcher.one(there)
    assert not any("2130706433" in hit or "::ffff" in hit for hit in other.hits)


def test_the_probe_connects_to_what_it_has_checked(
    site: HostileSite, neighbour: HostileSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask, answers = socket.getaddrinfo, ["127.0.0.1", "127.0.0.2", "127.0.0.2"]

    def changing(host: Any, *arguments: Any, **keywords: Any) -> Any:
        return ask(answers.pop(0) if host == "evil.example" else host, *arguments, **keywords)

    monkeypatch.setattr(socket, "getaddrinfo", changing)
    fetcher = Fetcher(configured(SWATHE_CRAWL_ALLOW_PRIVATE="127.0.0.1").crawl, "http://elsewhere.example/")
    before = len(neighbour.hits)
    assert fetcher.one(f"http://evil.example:{site.port}/").status == 200
    with pytest.raises(ProbeError, match=UNREACHED):
        fetcher.one(f"http://evil.example:{site.port}/")
    assert len(answers) == 1
    assert len(neighbour.hits) == before


@pytest.mark.parametrize(
    ("trap", "said"),
    [
        ("/to?http://127.0.0.1:OTHER/", f"redirects: .*{UNREACHED}"),
        ("/to?file:///etc/passwd", "expected an http or https address"),
        ("/gzip", "larger than"),
        ("/gzip-gzip", "larger than"),
        ("/br", "larger than"),
        ("/headers", "cannot be fetched"),
        ("/slow", "did not answer within"),
    ],
)
def test_the_probe_keeps_to_the_same_limits(site: HostileSite, other: HostileSite, trap: str, said: str) -> None:
    before = len(other.hits)
    config = configured(**{**OPTIONS, "SWATHE_CRAWL_TIMEOUT_S": "4" if trap == "/slow" else "60"})
    with pytest.raises(ProbeError, match=said):
        probe(site.url + trap.replace("OTHER", str(other.port)), config)
    assert len(other.hits) == before


def test_an_address_with_a_password_is_refused_without_showing_it() -> None:
    for check in (check_start_url, site_address):
        with pytest.raises(UsageError, match="user and password") as fault:
            check("http://user:hunter2@shop.example/")
        assert "hunter2" not in str(fault.value)


@pytest.mark.parametrize(
    "address",
    NOT_PUBLIC.split(),
)
def test_what_is_not_of_the_open_internet_is_not_public(address: str) -> None:
    assert not is_public(ip_address(address))


def test_a_name_that_was_public_does_not_become_private() -> None:
    reach = Reach(["http://shop.example/"])
    assert reach.allowed("shop.example", 80, ["10.0.0.1", "9.9.9.9"]) == ["9.9.9.9"]
    assert reach.allowed("shop.example", 80, ["10.0.0.1"]) == []


@pytest.mark.parametrize(
    ("option", "host", "address", "allowed"),
    [
        ("10.0.0.0/8", "any.example", "10.1.2.3", True),
        ("10.0.0.0/8", "any.example", "192.168.0.1", False),
        ("intranet.example", "intranet.example", "192.168.0.1", True),
        ("intranet.example", "other.example", "192.168.0.1", False),
        ("intranet.example", "intranet.example", "169.254.169.254", False),
        ("169.254.169.254", "any.example", "169.254.169.254", True),
    ],
)
def test_the_configuration_opens_what_it_names(option: str, host: str, address: str, allowed: bool) -> None:
    reach = Reach(allow_private=configured(SWATHE_CRAWL_ALLOW_PRIVATE=option).crawl.allow_private)
    assert bool(reach.allowed(host, 8080, [address])) is allowed


@pytest.mark.parametrize(
    ("source", "target", "allowed"),
    [
        ("https://www.shop.example/login", "https://shop.example/session", True),
        ("http://shop.example/login", "https://shop.example/session", True),
        ("https://shop.example/login", "http://shop.example/session", False),
        ("https://shop.example/login", "https://accounts.shop.example/session", False),
        ("https://shop.example/login", "https://shop.example:8443/session", False),
        ("https://shop.example/login", "javascript:alert(1)", False),
    ],
)
def test_a_secret_goes_to_the_server_that_asked_for_it(source: str, target: str, allowed: bool) -> None:
    assert may_have_secret(source, target) is allowed
