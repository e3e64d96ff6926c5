"""The own way to http and https: whatever a server sends, the answer is right, or an error says why there is none."""

from __future__ import annotations

import asyncio
import gc
import ssl
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from raw_server import END, HOLD, RawServer
from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.exceptions import (
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    ResponseDataLossError,
)
from scrapy.http import Response
from scrapy.utils.spider import DefaultSpider
from support import configured
from tls_front import certificate

from scraper.crawl.failures import reason_of
from scraper.fetch.http import connection_pool
from scraper.fetch.http.answer_parser import NoAnswerError
from scraper.fetch.http.connection_pool import Origin
from scraper.fetch.http.direct_handler import DirectHandler
from scraper.fetch.http.head import HeadTooLargeError
from scraper.fetch.http.resolver import AddressRefusedError, _Known, resolver_of
from scraper.runs.evidence import end_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

OK = b"HTTP/1.1 200 OK\r\n"
ABC = OK + b"Content-Length: 3\r\n\r\nabc"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
EVIL = OK + b"Content-Length: 4\r\n\r\nevil"

Outcome = Response | Exception


def handler_of(settings: dict[str, Any] | None = None, **environ: str) -> DirectHandler:
    config = configured(**{"SWATHE_CRAWL_ALLOW_PRIVATE": "127.0.0.0/8", **environ})
    crawler = Crawler(
        DefaultSpider, {"SWATHE": config, "DOWNLOAD_TIMEOUT": 60, "LOG_ENABLED": False, **(settings or {})}
    )
    crawler.spider = DefaultSpider()
    return DirectHandler(crawler)


async def outcome(handler: DirectHandler, request: Request) -> Outcome:
    try:
        return await handler.download_request(request)
    except Exception as error:  # noqa: BLE001 - whatever it is, a test looks at it
        return error


def in_a_crawl(test: Callable[[DirectHandler], Awaitable[Any]], settings: dict[str, Any] | None = None) -> Any:
    """Run something with a handler; whatever asyncio complains about, and whatever is left over, is a failure."""
    complaints: list[dict[str, Any]] = []

    async def run() -> Any:
        asyncio.get_running_loop().set_exception_handler(lambda _, told: complaints.append(told))
        handler = handler_of(settings)
        try:
            return await test(handler)
        finally:
            await handler.close()
            assert not handler._pool._open
            assert handler._pool._sweeping is None or handler._pool._sweeping.cancelled()

    found = asyncio.run(run())
    gc.collect()
    assert not complaints
    return found


def asked(
    *answers: Any, times: int = 1, settings: dict[str, Any] | None = None, **request: Any
) -> tuple[RawServer, list[Outcome]]:
    """Ask a server that answers so, one time after the other; return it and what came of each."""

    async def ask(handler: DirectHandler) -> tuple[RawServer, list[Outcome]]:
        async with RawServer(*[one if isinstance(one, tuple) else (one,) for one in answers]) as server:
            found = [await outcome(handler, Request(server.url, **request)) for _ in range(times)]
        return server, found

    return in_a_crawl(ask, settings)  # type: ignore[no-any-return]


def page(found: Outcome) -> Response:
    assert isinstance(found, Response), repr(found)
    return found


@pytest.mark.parametrize(
    ("answer", "body"),
    [
        (ABC, b"abc"),
        (b"HTTP/1.1 200\r\nContent-Length: 3\r\n\r\nabc", b"abc"),
        (b"HTTP/1.1 200 \r\nContent-Length: 3\r\n\r\nabc", b"abc"),
        (b"\r\n\r\n" + ABC, b"abc"),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + ABC, b"abc"),
        (CHUNKED + b"1\r\na\r\n2;x=y;z=\"q;\"\r\nbc\r\n0\r\nX-Trailer: 1\r\n\r\n", b"abc"),
        (CHUNKED + b"1  \r\na\r\n02\r\nbc\r\n000\r\n\r\n", b"abc"),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nabc", b"abc"),
        (b"HTTP/2.0 200 OK\r\nContent-Length: 3\r\n\r\nabc", b"abc"),
        (OK + b"Content-Length: 0\r\n\r\n", b""),
        # What llhttp does not read, and browsers do.
        (b"HTTP/1.1 200 OK\nContent-Length: 3\n\nabc", b"abc"),
        (b"HTTP/1.1  200 OK\r\nContent-Length: 3\r\n\r\nabc", b"abc"),
        (b"HTTP/1.2 200 OK\r\nContent-Length: 3\r\n\r\nabc", b"abc"),
        (OK + b"no header\r\nContent-Length: 3\r\n\r\nabc", b"abc"),
        (OK + b": no name\r\nContent-Length: 3\r\n\r\nabc", b"abc"),
        (OK + b"no token: 1\r\nContent-Length: 3\r\n\r\nabc", b"abc"),
        (OK + b"Content-Length : 3\r\n\r\nabc", b"abc"),
        (OK + b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", b"abc"),
        (OK + b"Content-Length: 3, 3\r\n\r\nabc", b"abc"),
        (OK + b"Content-Length: 99\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", b"abc"),
        (OK + b"Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n3\r\nabc\r\n0\r\n\r\n", b"abc"),
        (b"HTTP/1.1 103 Early Hints\nLink: </a>\n\n" + OK + b"odd\r\nContent-Length: 3\r\n\r\nabc", b"abc"),
    ],
)  # fmt: skip
def test_an_answer_is_read_as_browsers_read_it_however_it_is_cut_into_packets(answer: bytes, body: bytes) -> None:
    pieces = [(answer[:cut], answer[cut:], END) for cut in range(1, len(answer))]
    server, found = asked((answer, END), *pieces, times=len(answer))
    assert {(page(one).status, page(one).body, *page(one).flags) for one in found} == {(200, body)}
    assert len({str(page(one).headers) for one in found}) == 1
    assert len(server.requests) == len(answer)


@pytest.mark.parametrize(
    ("answer", "what"),
    [
        (b"SSH-2.0-OpenSSH_9.2\r\n", "Expected HTTP/"),
        (b"<html>no head</html>", "Expected HTTP/"),
        (b"HTTP/1.1 OK\r\n\r\n", "Invalid status code"),
        (b"HTTP/1.1 2000 OK\r\n\r\n", "Invalid response status"),
        (OK + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", "Duplicate Content-Length"),
        (OK + b"Content-Length: 3, 4\r\n\r\nabcd", "Invalid character in Content-Length"),
        (OK + b"Content-Length: -3\r\n\r\nabc", "Invalid character in Content-Length"),
        (OK + b"Content-Length: 9999999999999999999999\r\n\r\nabc", "Content-Length overflow"),
        (OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", "Transfer-Encoding b'gzip, chunked'"),
        (OK + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "Transfer-Encoding"),
        (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n", "answered 101"),
        (b"", "without an answer"),
    ],
)
def test_what_is_no_answer_fails_and_takes_its_connection_along(answer: bytes, what: str) -> None:
    server, (first, second) = asked((answer, END) if not answer else (answer, HOLD), ABC, times=2)
    assert isinstance(first, DownloadFailedError)
    assert what in str(first)
    assert page(second).body == b"abc"
    assert server.connections == 2


@pytest.mark.parametrize(
    ("answer", "head"),
    [(ABC, ABC.index(b"abc")), (CHUNKED + b"3\r\nabc\r\n0\r\n\r\n", len(CHUNKED)), (OK + b"\r\nabc", len(OK) + 2)],
)
def test_an_answer_that_is_cut_anywhere_is_no_page_unless_its_end_is_that_of_the_connection(
    answer: bytes, head: int
) -> None:
    _, found = asked(*((answer[:cut], END) for cut in range(len(answer))), times=len(answer))
    for cut, one in enumerate(found):
        if cut == 0:
            assert isinstance(one, NoAnswerError)
        elif cut < head:
            assert isinstance(one, DownloadFailedError)
            assert "before the end of the headers" in str(one)
        elif answer.startswith(OK + b"\r\n"):
            assert page(one).flags == ["partial"]
            assert page(one).body == answer[head:cut]
        else:
            assert isinstance(one, ResponseDataLossError), cut


def test_what_came_of_a_cut_body_is_had_by_who_wants_it() -> None:
    for answer in (ABC[:-1], CHUNKED + b"2\r\nab\r\n9\r\n", CHUNKED + b"2\r\nab\r\nno size\r\n"):
        _, (found,) = asked((answer, END), settings={"DOWNLOAD_FAIL_ON_DATALOSS": False})
        assert (page(found).body, page(found).flags) == (b"ab", ["dataloss"])
        _, (found,) = asked((answer, END), meta={"download_fail_on_dataloss": False})
        assert page(found).flags == ["dataloss"]


@pytest.mark.parametrize(
    ("answer", "is_kept"),
    [
        (ABC, True),
        (OK + b"Content-Length: 0\r\n\r\n", True),
        (CHUNKED + b"0\r\nX: 1\r\n\r\n", True),
        (b"HTTP/1.1 204 No Content\r\n\r\n", True),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 3\r\n\r\n", True),
        (b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n", True),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", False),
        (OK + b"Connection: close\r\nContent-Length: 0\r\n\r\n", False),
        (ABC + EVIL, False),
        (ABC + b"x", False),
        (OK + b"Connection: close\r\nContent-Length: 0\r\n\r\n" + EVIL, False),
        (b"HTTP/1.1 204 No Content\r\n\r\n" + EVIL, False),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 3\r\n\r\nabc", False),
        (OK + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", False),
        (OK + b"odd\r\nContent-Length: 0\r\n\r\n", False),
    ],
)
def test_a_connection_carries_the_next_request_only_after_an_answer_without_doubts(
    answer: bytes, is_kept: bool
) -> None:
    server, found = asked(answer, ABC, times=2)
    assert page(found[0]).body in (b"", b"abc")
    assert page(found[1]).body == b"abc"
    assert server.connections == (1 if is_kept else 2)


@pytest.mark.parametrize("behind", [b"", b"abc", EVIL])
def test_what_comes_behind_the_head_that_head_asked_for_is_never_an_answer(behind: bytes) -> None:
    server, found = asked(OK + b"Content-Length: 3\r\n\r\n" + behind, (ABC[:-3],), times=2, method="HEAD")
    assert [page(one).body for one in found] == [b"", b""]
    assert [page(one).headers["Content-Length"] for one in found] == [b"3", b"3"]
    assert server.connections == 2


def test_an_answer_that_nobody_asked_for_is_never_the_next_one() -> None:
    async def ask(handler: DirectHandler) -> None:
        async with RawServer((ABC, EVIL), (ABC,)) as server:
            await handler.download_request(Request(server.url))
            (connection,) = handler._pool._open
            # The second answer is in the socket, or has been read: either way it must not be taken.
            second = await handler.download_request(Request(server.url))
            assert second.body == b"abc"
            await connection.ended

    in_a_crawl(ask)


def test_an_open_connection_that_ends_without_an_answer_is_followed_by_a_new_one_once() -> None:
    server, found = asked(ABC, (END,), ABC, times=2)
    assert [page(one).body for one in found] == [b"abc", b"abc"]
    assert (server.connections, len(server.requests)) == (2, 3)
    server, found = asked(ABC, (END,), (END,), times=2)
    assert isinstance(found[1], NoAnswerError)
    assert (server.connections, len(server.requests)) == (2, 3)


@pytest.mark.parametrize(
    ("answers", "times", "request_", "sent"),
    [
        ([(END,)], 1, {}, 1),
        ([(ABC), (OK[:9], END)], 2, {}, 2),
        ([(ABC), (END,)], 2, {"method": "POST", "body": b"x"}, 2),
        ([(ABC), (END,)], 2, {"method": "DELETE"}, 2),
        ([(ABC), (END,)], 2, {"body": b"x"}, 2),
    ],
)
def test_nothing_is_asked_twice_that_may_have_been_done(
    answers: list[Any], times: int, request_: dict[str, Any], sent: int
) -> None:
    server, found = asked(*answers, times=times, **request_)
    assert isinstance(found[-1], DownloadFailedError)
    assert len(server.requests) == sent


def test_a_connection_that_was_closed_meanwhile_is_not_used_even_for_a_form() -> None:
    async def ask(handler: DirectHandler) -> None:
        async with RawServer((ABC, END), (ABC,)) as server:
            await handler.download_request(Request(server.url))
            while server.open:
                await asyncio.sleep(0)
            form = await handler.download_request(Request(server.url, method="POST", body=b"x=1"))
            assert form.body == b"abc"
            assert len(server.requests) == 2

    in_a_crawl(ask)


@pytest.mark.parametrize("answer", [(), (OK,), (OK + b"odd\r\n",), (ABC[:-1],), (CHUNKED + b"1\r\na\r\n",)])
def test_a_server_that_says_no_more_is_left_in_time(answer: tuple[bytes, ...]) -> None:
    async def ask(handler: DirectHandler) -> None:
        async with RawServer((*answer, HOLD)) as server:
            with pytest.raises(DownloadTimeoutError, match=r"it took longer than \[crawl\] timeout_s, 0.2 s"):
                await handler.download_request(Request(server.url, meta={"download_timeout": 0.2}))
            while server.open:  # the client has ended the connection
                await asyncio.sleep(0)

    in_a_crawl(ask)


def test_a_download_that_is_cancelled_ends_its_connection_and_one_at_the_end_of_the_crawl_fails() -> None:
    async def ask(handler: DirectHandler) -> None:
        async with RawServer((ABC[:-1], HOLD), (ABC[:-1], HOLD)) as server:
            asking = asyncio.create_task(handler.download_request(Request(server.url)))
            await server.waits.wait()
            asking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asking
            while server.open:
                await asyncio.sleep(0)
            server.waits.clear()
            asking = asyncio.create_task(handler.download_request(Request(server.url)))
            await server.waits.wait()
            await handler.close()
            with pytest.raises(ResponseDataLossError):
                await asking

    in_a_crawl(ask)


def test_a_body_has_room_up_to_the_limit_and_no_further() -> None:
    ten = CHUNKED + b"5\r\nabcde\r\n5\r\nfghij\r\n0\r\n\r\n"
    for answer, size in ((ABC, 3), (ten, 10), ((OK + b"\r\nabcdefghij", END), 10)):
        _, (whole,) = asked(answer, meta={"download_maxsize": size})
        assert len(page(whole).body) == size
        server, (refused, again) = asked(answer, answer, times=2, meta={"download_maxsize": size - 1})
        assert isinstance(refused, DownloadCancelledError)
        assert isinstance(again, DownloadCancelledError)
        assert server.connections == 2


@pytest.mark.parametrize(
    "flood",
    [
        b"HTTP/1.1 100 Continue\r\n\r\n" * 12_000,
        OK + b"X: 1\r\n" * 510,
        OK + b"odd\r\n" + b"X: 1\r\n" * 510 + b"\r\n",
        OK + b"X: " + b"x" * 2**18,
        OK + b"odd\r\n" * 60_000,
        b"HTTP/1.1 200 " + b"x" * 2**19,
    ],
)
def test_a_head_has_its_limits_however_it_is_written(flood: bytes) -> None:
    _, (found,) = asked((flood, HOLD))
    assert isinstance(found, HeadTooLargeError)


@pytest.mark.parametrize("flood", [b"3;" + b"x" * 2**19, b"0\r\n" + b"X: 1\r\n" * 510, b"0\r\nX: " + b"x" * 2**19])
def test_what_stands_between_and_behind_the_chunks_has_them_too(flood: bytes) -> None:
    _, (found,) = asked((CHUNKED + b"3\r\nabc\r\n" + flood, HOLD))
    assert isinstance(found, ResponseDataLossError)


def test_headers_are_those_of_the_page_and_not_of_the_connection() -> None:
    fields = b"content-type: text/html\r\nSet-Cookie: a=1\r\nset-cookie:b=2 \r\nKeep-Alive: 5\r\n"
    fields += b"X-Empty:\r\nx: \xff\x00\ty\r\n"
    server, (found,) = asked(OK + fields + b"Content-Length: 3\r\n\r\nabc")
    response = page(found)
    assert dict(response.headers) == {
        b"Content-Length": [b"3"],
        b"Content-Type": [b"text/html"],
        b"Set-Cookie": [b"a=1", b"b=2"],
        b"X-Empty": [b""],
        b"X": [b"\xff \ty"],
    }
    assert (str(response.ip_address), response.protocol, response.certificate) == ("127.0.0.1", "HTTP/1.1", None)
    assert response.url == server.url


def test_a_request_is_written_so_that_it_is_one() -> None:
    headers = {
        "X-More": "a\r\nX-Smuggled: 1\r\n\r\nGET /evil HTTP/1.1",
        "Content-Length": "99",
        "DNT": "1",
        "Cookie": None,
    }
    server, _ = asked(ABC, method="POST", body=b"x=1", headers=headers)
    host = server.url.split("/")[2].encode()
    (sent,) = server.requests
    assert sent == (
        b"POST / HTTP/1.1\r\nContent-Length: 3\r\nX-More: a X-Smuggled: 1 GET /evil HTTP/1.1\r\nDNT: 1\r\n"
        b"Host: %b\r\n\r\nx=1" % host
    )


@pytest.mark.parametrize(
    ("path", "odd"),
    [("", {"method": "GET /evil HTTP/1.1\r\nX:"}), ("", {"headers": {"X: 1\r\nY": "2"}}), ("a b", {})],
)
def test_what_cannot_be_written_is_not_sent(path: str, odd: dict[str, Any]) -> None:
    async def ask(handler: DirectHandler) -> None:
        async with RawServer() as server:
            with pytest.raises(ValueError, match=r"cannot be written as HTTP|which is no name of one"):
                await handler.download_request(Request(server.url + path, meta={"verbatim_url": True}, **odd))
            assert not server.connections

    in_a_crawl(ask)


@pytest.mark.parametrize(
    ("request_", "settings", "is_own"),
    [
        (Request("http://h/"), {}, True),
        (Request("https://h/"), {}, True),
        (Request("http://h/", method="POST", body=b"x"), {}, True),
        (Request("http://h/", meta={"proxy": None}), {}, True),
        (Request("http://h/", meta={"proxy": "http://proxy:1"}), {}, False),
        (Request("http://user:word@h/"), {}, False),
        (Request("ftp://h/"), {}, False),
        (Request("https://h/"), {"DOWNLOADER_CLIENT_TLS_VERBOSE_LOGGING": True}, False),
        (Request("http://h/"), {"DOWNLOADER_CLIENT_TLS_VERBOSE_LOGGING": True}, True),
        (Request("https://h/"), {"DOWNLOADER_CLIENT_TLS_METHOD": "TLSv1.2"}, False),
    ],
)
def test_what_it_does_not_know_is_scrapys(request_: Request, settings: dict[str, Any], is_own: bool) -> None:
    async def ask(handler: DirectHandler) -> None:
        assert handler.asks_itself(request_) is is_own

    in_a_crawl(ask, settings)


def test_only_addresses_that_the_crawl_may_reach_are_connected_to() -> None:
    async def ask(handler: DirectHandler) -> None:
        async with RawServer((ABC,)) as server:
            known = resolver_of(handler.crawler)._known
            known["shop.example"] = _Known(["192.168.7.7", "127.0.0.9", "127.0.0.1"], float("inf"))
            known["inside.example"] = _Known(["192.168.7.7"], float("inf"))
            # Nothing listens at the first of those that are allowed, so the next one is taken.
            response = await handler.download_request(Request(f"http://shop.example:{server.port}/"))
            assert str(response.ip_address) == "127.0.0.1"
            with pytest.raises(AddressRefusedError):
                await handler.download_request(Request(f"http://inside.example:{server.port}/"))
            assert b"Host: shop.example:%d\r\n" % server.port in server.requests[0]
        with pytest.raises(DownloadConnectionRefusedError, match="refused the connection"):
            await handler.download_request(Request(server.url))

    in_a_crawl(ask)


def test_a_connection_is_made_from_the_address_that_is_asked_for_and_shared_with_no_other() -> None:
    async def ask(handler: DirectHandler) -> None:
        async with RawServer((ABC,), (ABC,)) as server:
            for own in ("127.0.0.2", ("127.0.0.3", 0)):
                await handler.download_request(Request(server.url, meta={"bindaddress": own}))
            assert server.peers == ["127.0.0.2", "127.0.0.3"]

    in_a_crawl(ask)


def test_connections_that_are_idle_are_few_and_not_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection_pool, "IDLE_S", 0.1)

    async def ask(handler: DirectHandler) -> None:
        async with RawServer(*[(ABC,)] * 3) as server:
            await asyncio.gather(*(handler.download_request(Request(server.url)) for _ in range(3)))
            assert server.connections == 3
            assert len(handler._pool._idle[Origin("http", "127.0.0.1", server.port)]) <= 2
            while server.open:
                await asyncio.sleep(0)
            assert not handler._pool._open

    in_a_crawl(ask, {"CONCURRENT_REQUESTS_PER_DOMAIN": 2})


def test_over_tls_it_is_the_same_with_a_certificate(tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate(tmp_path))

    async def ask(handler: DirectHandler) -> None:
        async with RawServer((ABC,), (ABC,), (ABC[:-1], END), context=context) as server:
            pages = [await handler.download_request(Request(server.url)) for _ in range(2)]
            assert [one.body for one in pages] == [b"abc", b"abc"]
            assert end_of(pages[0].certificate) > datetime.now(UTC)
            with pytest.raises(ResponseDataLossError):
                await handler.download_request(Request(server.url))
            assert server.connections < 3

    in_a_crawl(ask)

    async def verify(handler: DirectHandler) -> None:
        async with RawServer((ABC,), context=context) as server:
            with pytest.raises(DownloadFailedError, match="certificate verify failed") as failed:
                await handler.download_request(Request(server.url))
            assert reason_of(failed.value) == "tls"
            assert not server.requests

    in_a_crawl(verify, {"DOWNLOAD_VERIFY_CERTIFICATES": True})
