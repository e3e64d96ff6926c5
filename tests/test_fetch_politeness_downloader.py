"""Downloader middlewares are called as Scrapy calls them, and a request whose slot has room goes at once."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from scrapy import Request, Spider, signals
from scrapy.core.downloader.middleware import DownloaderMiddlewareManager
from scrapy.exceptions import ScrapyDeprecationWarning, _InvalidOutput
from scrapy.http import Response
from scrapy.utils.test import get_crawler
from support import configured
from twisted.internet.defer import succeed

from scraper.fetch.politeness.downloader import Middlewares, PoliteDownloader

if TYPE_CHECKING:
    from collections.abc import Callable

    from scrapy.crawler import Crawler

MANAGERS = [DownloaderMiddlewareManager, Middlewares]
ASKED = Request("http://h/")
ANSWER = Response("http://h/")


class Answering:
    """Says what it is told to, at once or later."""

    def __init__(self, name: str, log: list[str], **given: Callable[[Any], Any]) -> None:
        def method(what: str) -> Callable[..., Any]:
            def answer(request: Request, **of: Any) -> Any:
                log.append(f"{name} {what}")
                return given[what](of.get("response") or of.get("exception"))

            return answer

        for what in given:
            setattr(self, f"process_{what}", method(what))


def later(value: Any) -> Any:
    async def answer() -> Any:
        await asyncio.sleep(0)
        return value

    return answer()


def outcome(kind: type[Any], log: list[str], *middlewares: Answering, fails: bool = False) -> Any:
    """Return what a request comes to, or the error."""
    crawler = get_crawler(Spider)
    crawler.spider = crawler._create_spider("any")

    async def download(request: Request) -> Response:
        log.append(f"download {request.url}")
        if fails:
            raise OSError("no")
        return ANSWER

    async def ask() -> Any:
        return await kind(*middlewares, crawler=crawler).download_async(download, ASKED)

    try:
        return asyncio.run(ask())
    except (OSError, _InvalidOutput) as error:
        return f"{type(error).__name__}: {error}"


OTHER, AGAIN = Response("http://h/other"), Request("http://h/again")
SAYINGS: dict[str, Any] = {
    "nothing": lambda _: None,
    "nothing later": lambda _: later(None),
    "an answer": lambda _: OTHER,
    "an answer later": lambda _: later(OTHER),
    "a request": lambda _: AGAIN,
    "a request later": lambda _: later(AGAIN),
    "what is none": lambda _: "text",
    "what is none later": lambda _: later(0),
    "the same": lambda given: given,
    "the same later": later,
}


@pytest.mark.parametrize("fails", [False, True])
@pytest.mark.parametrize("said", SAYINGS)
@pytest.mark.parametrize("method", ["request", "response", "exception"])
def test_whatever_a_middleware_says_comes_to_what_it_comes_to_in_scrapy(method: str, said: str, *, fails: bool) -> None:
    found = []
    for kind in MANAGERS:
        log: list[str] = []
        first = Answering("first", log, request=lambda _: None, response=lambda given: given)
        speaker = Answering("speaker", log, **{method: SAYINGS[said]})
        last = Answering("last", log, request=lambda _: later(None), response=later, exception=lambda _: None)
        came_to = outcome(kind, log, first, speaker, last, fails=fails)
        found.append((came_to if isinstance(came_to, Response | Request) else came_to.partition(", got")[0], log))
    assert found[0] == found[1]


@pytest.mark.parametrize("kind", MANAGERS)
def test_a_deferred_is_waited_for_with_scrapy_s_warning(kind: type[Any]) -> None:
    log: list[str] = []
    speaker = Answering("speaker", log, response=lambda _: succeed(OTHER))
    with pytest.warns(ScrapyDeprecationWarning, match="returned a Deferred"):
        assert outcome(kind, log, speaker) is OTHER


class OldStyle:
    """Still takes the spider, as before Scrapy 2.14."""

    def process_request(self, request: Request, spider: Spider) -> Response:
        """Answer with the spider's name."""
        return Response(f"http://h/{spider.name}")


def test_a_middleware_that_takes_the_spider_is_given_it() -> None:
    with pytest.warns(ScrapyDeprecationWarning, match="requires a spider argument"):
        assert outcome(Middlewares, [], OldStyle()).url == "http://h/any"  # type: ignore[arg-type]


@pytest.fixture
def crawler() -> Crawler:
    none = {"http": None, "https": None}
    settings = {"SWATHE": configured(), "CONCURRENT_REQUESTS_PER_DOMAIN": 2, "DOWNLOAD_HANDLERS": none}
    crawler = get_crawler(Spider, settings)
    crawler.spider = crawler._create_spider("any")
    return crawler


@pytest.mark.parametrize("delay", [0, 0.01])
def test_requests_go_in_their_order_and_leave_nothing_in_their_slot_and_all_signals_are_sent(
    crawler: Crawler, delay: float
) -> None:
    sent, heard, fails = [], [], {"http://h/3"}

    class Handlers:
        async def download_request_async(self, request: Request) -> Response:
            sent.append(request.url)
            await asyncio.sleep(0)
            if request.url in fails:
                raise OSError("no")
            return Response(request.url)

    def hear(signal: Any, request: Request, **_: Any) -> None:
        heard.append((signal, request.url))

    async def ask_all() -> list[Any]:
        nonlocal slot
        downloader: Any = PoliteDownloader(crawler)
        assert type(downloader.middleware) is Middlewares
        downloader.handlers = Handlers()
        slot = downloader._get_slot(Request("http://h/"))[1]
        slot.delay = delay
        try:
            requests = [downloader._enqueue_request(Request(f"http://h/{number}")) for number in range(6)]
            return await asyncio.gather(*requests, return_exceptions=True)
        finally:
            downloader.close()

    slot: Any = None
    ours = (signals.request_reached_downloader, signals.response_downloaded, signals.request_left_downloader)
    for signal in ours:
        crawler.signals.connect(hear, signal=signal)
    answers = asyncio.run(ask_all())
    assert [getattr(answer, "url", str(answer)) for answer in answers] == [
        "no" if f"http://h/{number}" in fails else f"http://h/{number}" for number in range(6)
    ]
    assert sent == [f"http://h/{number}" for number in range(6)], "in the order in which they came"
    assert [*slot.active, *slot.transferring, *slot.queue] == []
    assert {signal: sum(of is signal for of, _ in heard) for signal in ours} == dict(zip(ours, (6, 5, 6), strict=True))
