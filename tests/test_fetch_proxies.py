"""Proxies: which one a request goes through, what becomes of it when they fail, and that none makes a crawl faster."""

from __future__ import annotations

import asyncio
import sys
from contextlib import ExitStack
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from practice import Fault, PracticeServer
from practice.proxy import ForwardProxy
from scrapy import Request
from scrapy.http import Response
from scrapy.settings import Settings
from scrapy.signalmanager import SignalManager
from scrapy.statscollectors import MemoryStatsCollector
from support import ROOT, configured, last_run
from tls_front import TlsFront

from scraper.core.config.proxies import proxies_for
from scraper.crawl.request_json import request_from_json, request_to_json
from scraper.errors import ConfigError, UnstorableRequestError
from scraper.fetch.http.upstream import Upstream
from scraper.fetch.proxies.router import GIVEN_UP_AFTER, ProxiesDeadError, ProxyRouter
from scraper.storage.connection import connection_to
from spiders.quotes import QuotesSpider

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pymongo.database import Database
    from support import Result, Swathe

    Mongo = Database[dict[str, Any]]

ACCOUNT = "ann:hunter22"
SHOP = "http://shop.example/quotes/"
OURS = (
    "from scraper import settings; settings.SPIDER_MODULES = ['proxied_spiders', 'spiders']; "
    "from scraper.cli import main; main()"
)


@pytest.fixture
def site() -> Iterator[PracticeServer]:
    with PracticeServer() as site:
        yield site


@pytest.fixture
def proxies(site: PracticeServer) -> Iterator[list[ForwardProxy]]:
    """Three proxies that know the site as shop.example; the second wants an account."""
    with ExitStack() as stack:
        names = {"shop.example": site.port}
        yield [stack.enter_context(ForwardProxy(names, account=account)) for account in ("", ACCOUNT, "")]


def variables(proxies: list[ForwardProxy]) -> dict[str, str]:
    """Return the proxies as the environment gives them."""
    names = ("ONE", "TWO", "THREE")
    with_account = [proxy.url.replace("//", f"//{proxy.account}@" if proxy.account else "//") for proxy in proxies]
    return {f"SWATHE_PROXIES_{name}": url for name, url in zip(names, with_account, strict=False)}


def crawl(swathe: Swathe, *options: str, spider: str = "quotes", start: str = SHOP, **environ: str) -> Result:
    command = [sys.executable, "-c", OURS, "crawl", spider, "--start", start, *options]
    path = f"{ROOT}:{ROOT / 'tests'}"
    quick = {"SWATHE_CRAWL_DELAY_S": "0", "SWATHE_CRAWL_CONCURRENCY_PER_SITE": "4", "PYTHONPATH": path}
    return swathe.run(command, None, **{**quick, **environ})


class Crawler(SimpleNamespace):
    """What the proxies ask of a crawl."""

    __hash__ = object.__hash__


class Router:
    """The proxies of a crawl that asks for one page after the other, without the rest of a crawl."""

    def __init__(self, data_dir: Path, database: Mongo, proxies: list[ForwardProxy], backoff_s: float) -> None:
        own = {"SWATHE_MONGODB_DATA_DIR": str(data_dir), "SWATHE_MONGODB_DATABASE": database.name}
        config = configured(**variables(proxies), **own, SWATHE_POLITENESS_BACKOFF_S=str(backoff_s))
        self.connection = connection_to(config.mongodb)
        crawler: Any = Crawler(
            settings={"SWATHE": config},
            spider=QuotesSpider(start=SHOP),
            signals=SignalManager(self),
            get_downloader_middleware=lambda _: None,
        )
        crawler.stats = MemoryStatsCollector(SimpleNamespace(settings=Settings()))  # type: ignore[arg-type]
        self.proxies = ProxyRouter(crawler)

    def ask(self, url: str = SHOP, **meta: Any) -> str:
        """Return through which proxy a page came, or what was raised."""
        return asyncio.run(self.asked(Request(url, meta=meta)))

    async def asked(self, request: Request) -> str:
        """Return the same for a request."""
        used: list[str] = []

        async def download(sent: Request) -> Response:
            upstream = Upstream.of(sent.meta["proxy"], (sent.headers.get("Proxy-Authorization") or b"").decode())
            used.append(upstream.address)
            parts = urlsplit(sent.url)
            reader, writer = await upstream.connect(parts.hostname or "", 80, tunnel=True)
            writer.write(f"GET {parts.path} HTTP/1.0\r\nHost: {parts.netloc}\r\n\r\n".encode())
            status = int((await reader.read()).split(b" ", 2)[1])
            writer.close()
            return Response(sent.url, status=status, headers=request.cb_kwargs.get("answered"))

        await self.proxies.fetch(request, download)
        assert "hunter22" not in repr((request, request.headers, request.meta))
        return used[-1]


@pytest.fixture
def routed(data_dir: Path, database: Mongo) -> Iterator[Callable[..., Router]]:
    """Return what makes a crawl's proxies."""
    made: list[Router] = []

    def make(proxies: list[ForwardProxy], backoff_s: float = 0.02) -> Router:
        made.append(Router(data_dir, database, proxies, backoff_s))
        return made[-1]

    yield make
    for connection in {router.connection for router in made}:
        connection.close()


def address(proxy: ForwardProxy) -> str:
    return f"127.0.0.1:{proxy.port}"


def test_a_host_goes_by_the_pattern_that_says_most_about_it() -> None:
    lines = configured(
        SWATHE_PROXIES_A="http://a:1",
        SWATHE_PROXIES_B="http://u:p@b:2 | hosts=*.shop.example, 10.0.0.1",
        SWATHE_PROXIES_C="direct | hosts=in.shop.example",
        SWATHE_PROXIES_D="http://[::1]:3 | hosts=*.shop.example",
    ).proxies
    expected: dict[str, tuple[str, ...]] = {
        "other.example": ("a",), "shop.example": ("a",), "www.shop.example": ("b", "d"),
        "WWW.eu.shop.example": ("b", "d"), "in.shop.example": (), "10.0.0.1": ("b",), "[::1]": ("a",),
    }  # fmt: skip
    assert {host: proxies_for(lines, host) for host in expected} == expected
    assert (lines["d"].address, lines["b"].account.get_secret_value()) == ("[::1]:3", "u:p")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("http://ann:pw@proxy", "is 'http://***@proxy', without a port: expected http://HOST:PORT"),
        ("http://ann:p/w@proxy:1", "is 'http://***@proxy:1', expected http://HOST:PORT"),
        ("socks5://ann:pw@proxy:1", "is 'socks5://***@proxy:1', expected http://HOST:PORT"),
        ("proxy:3128", "is 'proxy:3128', expected http://HOST:PORT"),
        ("http://proxy:99999", "is 'http://proxy:99999', expected http://HOST:PORT"),
        ("", "is '', expected http://HOST:PORT"),
        ("http://proxy:1 | host=a", "has 'host=a' after the |, expected hosts=PATTERN"),
        ("http://proxy:1 | hosts=a:80", "has the host 'a:80', expected a name, *.name or * (without a port)"),
    ],
)
def test_a_line_that_is_no_proxy_says_what_it_is_and_shows_no_account(given: str, expected: str) -> None:
    with pytest.raises(ConfigError) as caught:
        configured(SWATHE_PROXIES_ONE=given)
    assert f"environment variable SWATHE_PROXIES_ONE {expected}" in str(caught.value)
    assert "pw" not in str(caught.value).replace("PASSWORD", "")


def test_an_account_in_a_file_is_refused_and_one_in_the_environment_keeps_the_hosts_of_the_file(tmp_path: Path) -> None:
    from scraper.core.config import load_config

    file = tmp_path / "config.local.ini"
    file.write_text(f"[proxies]\neu-1 = http://{ACCOUNT}@proxy:1\n")
    with pytest.raises(ConfigError, match=r"SWATHE_PROXIES_EU_1=http://USER:PASSWORD@proxy:1 in the env") as caught:
        load_config(tmp_path, {})
    assert "hunter22" not in str(caught.value)
    file.write_text("[proxies]\neu-1 = http://proxy:1 | hosts=*.shop.example\n")
    line = load_config(tmp_path, {"SWATHE_PROXIES_EU_1": f"http://{ACCOUNT}@proxy:2"}).proxies["eu-1"]
    assert (line.address, line.hosts, line.account.get_secret_value()) == ("proxy:2", ("*.shop.example",), ACCOUNT)


def test_requests_take_turns_and_a_session_keeps_the_proxy_that_began_it(
    routed: Callable[..., Router], database: Mongo, proxies: list[ForwardProxy]
) -> None:
    router = routed(proxies)
    assert {router.ask() for _ in range(3)} == {address(proxy) for proxy in proxies}

    def in_session(jar: str, **more: Any) -> str:
        return asyncio.run(router.asked(Request(SHOP, meta={"cookiejar": jar}, **more)))

    begun = {jar: in_session(jar, cb_kwargs={"answered": {"Set-Cookie": "a=b"}}) for jar in "xyz"}
    assert len(set(begun.values())) == 3, "each session has the next proxy"
    for _ in range(4):
        router.ask()  # which makes it the turn of another one
        assert {jar: in_session(jar, headers={"Cookie": "a=b"}) for jar in "xyz"} == begun
    left = next(proxy for proxy in proxies if address(proxy) == begun["x"])
    left.stop()
    moved = in_session("x", headers={"Cookie": "a=b"})
    assert moved != begun["x"]
    left.start()
    assert {in_session("x", headers={"Cookie": "a=b"}) for _ in range(3)} == {moved}, "and stays there"


@pytest.mark.parametrize("fault", ["stopped", 407, 502, 403, "drop"])
def test_what_one_worker_finds_dead_another_leaves_alone_until_it_has_cooled_down(
    routed: Callable[..., Router], database: Mongo, proxies: list[ForwardProxy], fault: Any
) -> None:
    ill, well = proxies[0], proxies[2]
    first, second = (routed([ill, well], backoff_s=0.4) for _ in range(2))
    if fault == "stopped":
        ill.stop()
    else:
        ill.mode = fault
    assert [first.ask() for _ in range(3)] == [address(well)] * 3
    assert len(ill.log) == (fault != "stopped"), "asked once and then left alone"
    asked = len(ill.log)
    assert [second.ask() for _ in range(3)] == [address(well)] * 3
    assert len(ill.log) == asked, "by the other worker, too"
    row = database.proxies.find_one() or {}
    whole = fault in ("stopped", 407)
    assert row["_id"] == (address(ill) if whole else f"{address(ill)} shop.example")
    says = {"stopped": "refused the connection", "drop": "opened no tunnel"}
    assert says.get(fault, f"answered {fault}") in row["why"]
    ill.mode = "well"
    if fault == "stopped":
        ill.start()
    asyncio.run(asyncio.sleep(2))
    assert address(ill) in {second.ask() for _ in range(4)}, "it is tried again"
    assert (database.proxies.find_one() or {})["failures"] == 0


def test_the_site_is_not_the_proxy_nor_the_proxy_the_site(
    routed: Callable[..., Router], database: Mongo, site: PracticeServer, proxies: list[ForwardProxy]
) -> None:
    router = routed([proxies[0], proxies[2]])
    site.faults["/quotes/"] = Fault(status=503)
    request = Request(SHOP)
    ways = [asyncio.run(router.asked(request)) for _ in range(4)]
    assert set(ways[:2]) == {address(proxies[0]), address(proxies[2])}, "another try goes another way"
    assert database.proxies.count_documents({}) == 0, "what both see is the site's doing"
    site.faults.clear()
    site.faults["/quotes/"] = Fault(status=503, times=1)
    request = Request(SHOP, headers={"Cookie": "a=b"})
    first, second = (asyncio.run(router.asked(request)) for _ in range(2))
    assert first != second, "though its session began there"
    row = database.proxies.find_one() or {}
    assert (row["_id"], "answered 503" in row["why"]) == (f"{first} shop.example", True)


def test_with_all_proxies_dead_a_page_says_of_each_why_after_bounded_time(
    routed: Callable[..., Router], database: Mongo, proxies: list[ForwardProxy]
) -> None:
    proxies[0].stop()
    proxies[1].account, proxies[2].mode = "ann:another", 504
    router = routed(proxies, backoff_s=0.005)
    proxies[1].account = "bob:pw"
    with pytest.raises(ProxiesDeadError) as caught:
        router.ask()
    for said in ("every proxy for shop.example is dead", "one: the proxy", "refused the connection", "answered 407"):
        assert said in str(caught.value)
    assert "three: the proxy" in str(caught.value)
    assert [len(proxy.log) for proxy in proxies[1:]] == [GIVEN_UP_AFTER] * 2
    proxies[1].account = "ann:another"
    another = routed(proxies, backoff_s=0.005)
    assert another.ask() == address(proxies[1]), "the next crawl tries for itself"


def test_no_account_of_a_proxy_is_stored_with_a_request() -> None:
    spider = QuotesSpider(start=SHOP)
    of_environment = {"proxy": "http://p:1", "_scheme_proxy": True, "_auth_proxy": "http://p:1", "kept": 1}
    request = Request(SHOP, meta=of_environment, headers={"Proxy-Authorization": "Basic x", "A": "b"})
    stored = request_from_json(request_to_json(request, spider), spider)
    assert (stored.meta, dict(stored.headers)) == ({"kept": 1}, {b"A": [b"b"]})
    for meta, headers in (({"proxy": f"http://{ACCOUNT}@p:1"}, {}), ({}, {"Proxy-Authorization": "Basic x"})):
        with pytest.raises(UnstorableRequestError, match=r"write the proxy into \[proxies\]") as caught:
            request_to_json(Request(SHOP, meta=meta, headers=headers), spider)
        assert "hunter22" not in str(caught.value)


@pytest.mark.parametrize("reactor", ["True", "False"])
def test_a_crawl_goes_on_through_the_proxies_that_are_well_no_faster_than_without_and_shows_no_account(
    swathe: Swathe, database: Mongo, site: PracticeServer, proxies: list[ForwardProxy], data_dir: Path, reactor: str
) -> None:
    one, two, three = proxies
    three.mode = 407
    environ = {**variables(proxies), "SWATHE_CRAWL_DELAY_S": "0.3", "SWATHE_CRAWL_CONCURRENCY_PER_SITE": "1"}
    limits = ("--max-pages", "8", "--set", f"TWISTED_REACTOR_ENABLED={reactor}")
    result = crawl(swathe, *limits, **environ, SWATHE_CRAWL_LOG_LEVEL="DEBUG")
    run = last_run(database)
    assert run["counts"]["pages"] == 8, result
    assert run["counts"]["dead_pages"] == 0
    assert len(one.passed) + len(two.passed) == len(site.requests) == 9, "robots.txt as well"
    assert min(len(one.passed), len(two.passed)) >= 2
    assert f"the proxy 'three' was left alone for a while: the proxy {address(three)} answered 407" in result.err
    arrived = sorted(request.at_s for request in site.requests)
    # Each wait is delay_s, give or take half: eight come to this little once in 50,000 crawls.
    assert arrived[-1] - arrived[0] >= 0.62 * 0.3 * (len(arrived) - 1), "twice as fast through two"
    stored = repr([list(database[name].find()) for name in database.list_collection_names()])
    logs = "".join(path.read_text() for path in (data_dir / "logs").glob("*.log"))
    for shown in (stored, logs, result.out, result.err):
        assert "hunter22" not in shown
        assert "YW5uOmh1bnRlcjIy" not in shown, "nor in the form that goes to the proxy"
    why = swathe("why", SHOP, **variables(proxies)).out
    assert "Reached through, for shop.example" in why
    assert "answered 407" in why


def test_all_proxies_dead_is_a_verdict_and_doctor_says_which(
    swathe: Swathe, database: Mongo, proxies: list[ForwardProxy]
) -> None:
    one, two, _ = proxies
    one.stop()
    environ = {**variables([one, two]), "SWATHE_PROXIES_TWO": two.url.replace("//", "//ann:wrong99@")}
    result = crawl(swathe, **environ, SWATHE_POLITENESS_BACKOFF_S="0.01")
    assert result.code == 1
    assert (
        f"every proxy for shop.example is dead (one: the proxy {address(one)} refused the connection; two:"
        in result.err
    )
    assert (last_run(database)["cause"], last_run(database)["failed"]) == ("proxy", {"proxy": 1})
    doctor = swathe("doctor", code=1, **environ).out
    assert f"FAULT proxy          'one': the proxy {address(one)} refused the connection" in doctor
    assert "answered 407: it wants a user and password, or others" in doctor
    assert "correct [proxies] two or SWATHE_PROXIES_TWO, or start the proxy" in doctor
    assert "wrong99" not in doctor + result.err
    one.start()
    assert "'one' answers at" in swathe("doctor", code=1, **environ).out


def test_https_and_the_browser_go_the_same_way_and_a_spider_may_have_its_own(
    swathe: Swathe, database: Mongo, site: PracticeServer, proxies: list[ForwardProxy], tmp_path: Path
) -> None:
    one, two, three = proxies
    one.stop()
    environ = {**variables(proxies), "SWATHE_CRAWL_VERIFY_CERTIFICATES": "false"}
    with TlsFront(site.port, tmp_path) as front:
        for proxy in proxies:
            proxy.names["shop.example"] = front.port
        start = "https://shop.example/quotes/js/"
        result = crawl(swathe, "--max-pages", "2", start=start, **environ, SWATHE_RENDERING_TIERS="html,browser")
        run = last_run(database)
        found = [run["counts"][name] for name in ("pages", "browser_pages", "dead_pages")]
        assert found == [2, 1, 0], result
        assert {one.method for one in [*two.log, *three.log]} == {"CONNECT"}
        assert len(two.passed) >= 1
        assert len(three.passed) >= 1
    for proxy in proxies:
        proxy.names["shop.example"] = site.port
        proxy.log.clear()
    crawl(swathe, "--max-pages", "3", spider="own-proxy", **environ)
    assert (len(two.passed), len(three.log)) == (4, 0)
    assert "the spider 'no-such-proxy' has the proxy 'thre' in `proxies`: did you mean 'three'" in (
        crawl(swathe, spider="no-such-proxy", **environ).err
    )
    crawl(swathe, "--max-pages", "1", spider="no-proxy", start=f"{site.url}quotes/", **environ)
    assert (len(two.passed), len(three.log)) == (4, 0), "and none at all"
