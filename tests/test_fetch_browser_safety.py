"""Where a rendered page may not lead, tried with a real page for each way and a second server that counts who comes."""

from __future__ import annotations

import socket
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest
from browser_site import BrowserSite, page
from scrapy.exceptions import CannotResolveHostError, DownloadFailedError
from support import configured
from tls_front import certificate

from scraper.browser.actions import Click
from scraper.fetch.browser.errors import PageRefusedError
from scraper.fetch.browser.job import PageJob
from scraper.fetch.browser.pool import BrowserPool
from scraper.fetch.browser.proxy import FilteringProxy
from scraper.fetch.http.addresses import Reach, Server
from scraper.fetch.http.upstream import Upstream

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SECRET = "root:x:0:0"
CLOUD = "http://169.254.169.254/latest/meta-data/"


@pytest.fixture(scope="module")
def other() -> Iterator[BrowserSite]:
    """A program on another port of the same machine, which no page may reach."""
    with BrowserSite() as other:
        yield other


@pytest.fixture(scope="module")
def site(other: BrowserSite) -> Iterator[BrowserSite]:
    pages = {
        f"/{name}": page("<p class=row>kept</p>", script.replace("OTHER", other.url), head.replace("OTHER", other.url))
        for name, (script, head) in {
            "location": ("location = 'OTHER/static'", ""),
            "meta": ("", "<meta http-equiv=refresh content='0;url=OTHER/static'>"),
            "form": ("document.body.innerHTML += '<form action=OTHER/static>'; document.forms[0].submit()", ""),
            "to-file": ("location = 'file:///etc/passwd'", ""),
            "to-chrome": ("location = 'chrome://version'", ""),
            "to-data": ("location = 'data:text/html,<p class=row>data</p>'", ""),
            "frames": (
                """for (const url of ["file:///etc/passwd", "OTHER/static", "/redirect?to=OTHER/static",
                "chrome://version", "http://169.254.169.254/"]) {
                const frame = document.createElement("iframe"); frame.src = url; document.body.append(frame); }""",
                "",
            ),
            "fetches": (
                """const host = "OTHER".replace("http://", ""), name = "OTHER".replace("127.0.0.1", "localhost");
                const sent = ["OTHER/xhr", name + "/xhr", "/redirect?to=OTHER/xhr", "http://169.254.169.254/",
                "http://[::1]:80/", "http://0.0.0.0:" + host.split(":")[1] + "/xhr"].map(url =>
                fetch(url, {mode: "no-cors"}).catch(() => 0));
                new WebSocket("ws://" + host + "/static").onerror = () => 0; navigator.sendBeacon("OTHER/static");
                new EventSource("OTHER/static"); const s = document.createElement("script"); s.src = "OTHER/static";
                document.body.append(s); window.open("OTHER/static");
                Promise.all(sent).then(() => { document.body.id = "tried" });""",
                "<link rel=stylesheet href=OTHER/static><link rel=preconnect href=OTHER>",
            ),
            "link": ("document.body.innerHTML += '<a id=out target=_blank href=OTHER/static>o</a>'", ""),
        }.items()
    }
    with BrowserSite(pages) as site:
        yield site


@pytest.fixture(scope="module")
def pool(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrowserPool]:
    options = {"DRIVERS": "1", "SCRIPT_TIMEOUT_S": "5", "CHROMIUM": chromium}
    config = configured(**{f"SWATHE_RENDERING_{name}": value for name, value in options.items()})
    data_dir = tmp_path_factory.mktemp("data")
    with BrowserPool(config.rendering, data_dir, verify_certificates=False) as pool:
        yield pool


@pytest.mark.parametrize("path", ["/location", "/meta", "/form", "/to-meta"])
def test_a_page_that_goes_to_another_program_is_refused(
    pool: BrowserPool, site: BrowserSite, other: BrowserSite, path: str
) -> None:
    with pytest.raises(PageRefusedError, match=r"^leads to (127\.0\.0\.1|169\.254\.169\.254):\d+, an address that"):
        pool.submit(PageJob(site.url + path)).result(60)
    assert not other.hits


def test_a_page_of_a_crawl_that_began_elsewhere_is_refused(
    pool: BrowserPool, site: BrowserSite, other: BrowserSite
) -> None:
    before = len(other.hits)
    with pytest.raises(PageRefusedError, match="an address that a page must not reach"):
        pool.submit(PageJob(f"{other.url}/static", reach=Reach([site.url]))).result(60)
    assert len(other.hits) == before


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("file:///etc/passwd", "not http or https"),
        ("data:text/html,x", "not http or https"),
        ("chrome://version", "not http or https"),
        (CLOUD, r"leads to 169\.254\.169\.254:80, an address"),
        ("http://[::ffff:169.254.169.254]/", "an address that a page must not reach"),
    ],
)
def test_a_redirect_to_where_no_page_belongs_is_refused(
    pool: BrowserPool, site: BrowserSite, target: str, message: str
) -> None:
    with pytest.raises(PageRefusedError, match=message):
        pool.submit(PageJob(f"{site.url}/redirect?to={target}")).result(60)


@pytest.mark.parametrize("path", ["/to-file", "/to-chrome", "/to-data"])
def test_a_script_cannot_leave_for_the_machine_itself(pool: BrowserPool, site: BrowserSite, path: str) -> None:
    found = pool.submit(PageJob(site.url + path)).result(60)
    assert found.url == site.url + path
    assert b"kept" in found.body
    assert SECRET.encode() not in found.body


def test_frames_show_neither_files_nor_other_programs(pool: BrowserPool, site: BrowserSite, other: BrowserSite) -> None:
    found = pool.submit(PageJob(f"{site.url}/frames")).result(60)
    assert b"kept" in found.body
    assert SECRET.encode() not in found.body
    assert not other.hits


def test_nothing_in_a_page_reaches_another_program(pool: BrowserPool, site: BrowserSite, other: BrowserSite) -> None:
    found = pool.submit(PageJob(f"{site.url}/fetches", wait_for="#tried")).result(60)
    assert found.flags == ("browser",)
    found = pool.submit(PageJob(f"{site.url}/link", actions=(Click("#out"),))).result(60)
    assert b"kept" in found.body
    assert not other.hits


def test_a_call_does_not_go_around_the_gate(pool: BrowserPool, site: BrowserSite) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.setblocking(False)
        server = f"stun:127.0.0.1:{listener.getsockname()[1]}"
        site.pages["/call"] = page(
            "",
            f"""const call = new RTCPeerConnection({{iceServers: [{{urls: "{server}"}}]}});
            call.createDataChannel("c"); call.onicecandidate = found => {{ if (!found.candidate) add(1); }};
            call.createOffer().then(offer => call.setLocalDescription(offer));""",
        )
        assert pool.submit(PageJob(f"{site.url}/call", wait_for=".row")).result(60).flags == ("browser",)
        with pytest.raises(BlockingIOError):
            listener.recv(1)


def test_downloads_are_denied(
    pool: BrowserPool, site: BrowserSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    # A driver of its own, which works in that folder, and has turned to another window and back.
    other = BrowserPool(pool._config, tmp_path / "data")
    with other as pool:
        pool.submit(PageJob(f"{site.url}/link", actions=(Click("#out"),))).result(60)
        _refuse_downloads(pool, site)
    assert not list(tmp_path.glob("*.bin"))


def _refuse_downloads(pool: BrowserPool, site: BrowserSite) -> None:
    with pytest.raises(PageRefusedError, match="is a download"):
        pool.submit(PageJob(f"{site.url}/file")).result(60)
    found = pool.submit(PageJob(f"{site.url}/download-later", wait_for=".row")).result(60)
    assert found.flags == ("browser",)


def test_a_name_that_nobody_has_is_not_known(pool: BrowserPool) -> None:
    with pytest.raises(CannotResolveHostError):
        pool.submit(PageJob("http://nobody.invalid/")).result(60)


def test_a_page_that_goes_on_forever_is_refused(pool: BrowserPool, site: BrowserSite) -> None:
    with pytest.raises(PageRefusedError, match="went on to another page 21 times"):
        pool.submit(PageJob(f"{site.url}/reloading")).result(60)


def test_https_passes_the_gate(pool: BrowserPool, tmp_path: Path) -> None:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Keep the tests' output clean."""

        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<p class=row>sealed</p>")

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate(tmp_path))
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        found = pool.submit(PageJob(f"https://127.0.0.1:{server.server_port}/", wait_for=".row")).result(60)
        assert b"sealed" in found.body
    finally:
        server.shutdown()
        server.server_close()


def test_a_proxy_of_the_user_is_gone_through(pool: BrowserPool, site: BrowserSite) -> None:
    with FilteringProxy() as proxy:
        door = proxy.add_door()
        job = PageJob(f"{site.url}/inline", wait_for=".row", upstream=Upstream.of(f"http://127.0.0.1:{door.port}"))
        door.open(Reach([site.url]))
        assert pool.submit(job).result(60).body.count(b'class="row"') == 13
        door.shut()
        with pytest.raises(DownloadFailedError, match="ERR_EMPTY_RESPONSE"):
            pool.submit(job).result(60)


@pytest.mark.parametrize(
    ("page_url", "target", "allowed"),
    [
        ("https://example.com/a", "https://www.example.com/b", True),
        ("http://www.example.com/", "https://example.com/", True),
        ("https://example.com/", "https://example.com.evil.net/", False),
        ("https://shop.example.com/", "https://example.com/", False),
        ("http://127.0.0.1:8000/", "http://127.0.0.1:8001/", False),
        ("http://127.0.0.1:8000/", "http://127.0.0.1:8000/b", True),
        ("https://example.com/", "file:///etc/passwd", False),
        ("https://example.com/", "data:text/html,x", False),
    ],
)
def test_a_document_stays_on_its_host(page_url: str, target: str, allowed: bool) -> None:
    assert Server.of(page_url).allow_document(target) is allowed


@pytest.mark.parametrize(
    ("page_url", "host", "port", "address", "allowed"),
    [
        ("https://example.com/", "cdn.net", 443, "93.184.216.34", True),
        ("https://example.com/", "cdn.net", 443, "10.0.0.1", False),
        ("https://example.com/", "cdn.net", 443, "::1", False),
        ("https://example.com/", "cdn.net", 443, "::ffff:127.0.0.1", False),
        ("https://example.com/", "cdn.net", 443, "64:ff9b::a9fe:a9fe", False),
        ("https://example.com/", "cdn.net", 443, "fd00:ec2::254", False),
        ("https://example.com/", "cdn.net", 443, "100.64.0.1", False),
        ("https://example.com/", "cdn.net", 443, "0.0.0.0", False),
        ("http://intranet/", "intranet", 80, "10.0.0.1", True),
        ("http://intranet/", "intranet", 443, "10.0.0.1", True),
        ("http://intranet/", "intranet", 8080, "10.0.0.1", False),
        ("http://evil.net/", "evil.net", 80, "169.254.169.254", False),
        ("http://169.254.169.254/", "169.254.169.254", 80, "169.254.169.254", True),
        ("http://127.0.0.1:8000/", "127.0.0.1", 8000, "127.0.0.1", True),
        ("http://127.0.0.1:8000/", "127.0.0.1", 8001, "127.0.0.1", False),
        ("http://127.0.0.1:8000/", "localhost", 8000, "127.0.0.1", False),
    ],
)
def test_private_addresses_are_only_for_the_page_that_is_there(
    page_url: str, host: str, port: int, address: str, allowed: bool
) -> None:
    assert bool(Reach([page_url]).allowed(host, port, [address])) is allowed
