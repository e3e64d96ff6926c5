"""HTTP/2 by Scrapy's own handler, with its connections held to checked addresses, against HTTP/1.1 by Swathe's.

One nginx speaks both, over TLS on the loopback address, behind a relay of this script that takes `--latency-ms` there
and back, as a line to another country does. Needs nginx, and the packages h2 and priority:

    python benchmarks/http2.py --pages 1000 --latency-ms 40
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

CONFIG = """
daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log; worker_processes 1;
events {{ worker_connections 512; }}
http {{
  access_log off; client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
  uwsgi_temp_path {folder}; scgi_temp_path {folder}; keepalive_requests 100000; default_type text/html;
  server {{ {listen} ssl_certificate {pem}; ssl_certificate_key {pem};
            location / {{ try_files /page.html =404; root {folder}; }} }}
}}
"""


def crawl(handler: str, url: str, pages: int, concurrency: int) -> dict[str, float]:
    """Crawl in this process, with nothing but the handler; return seconds of wall and of processor a page."""
    from scrapy import Request, Spider
    from scrapy.crawler import AsyncCrawlerProcess
    from scrapy.http import Response

    class Pages(Spider):
        name, got = "pages", 0

        async def start(self) -> Any:
            for number in range(pages):
                yield Request(f"{url}{number}", dont_filter=True)

        def parse(self, response: Response) -> None:
            Pages.got += response.status == 200

    from scraper.core.config import load_config

    config = load_config()
    config = config.model_copy(update={"crawl": config.crawl.model_copy(update={"allow_private": ("127.0.0.0/8",)})})
    process = AsyncCrawlerProcess(
        {
            "DOWNLOAD_HANDLERS": {"http": handler, "https": handler},
            "CONCURRENT_REQUESTS": concurrency,
            "CONCURRENT_REQUESTS_PER_DOMAIN": concurrency,
            "DOWNLOAD_VERIFY_CERTIFICATES": False,
            "LOG_LEVEL": "ERROR",
            "TELNETCONSOLE_ENABLED": False,
            "SWATHE": config,
        }
    )
    process.crawl(Pages)
    began, cpu = time.perf_counter(), time.process_time()
    process.start()
    wall, spent = time.perf_counter() - began, time.process_time() - cpu
    assert Pages.got == pages, f"{Pages.got} of {pages} pages"
    return {"wall_s": wall, "cpu_ms": 1000 * spent / pages}


def checked_handler() -> type[Any]:
    """Return Scrapy's handler with connections to checked addresses."""
    from scrapy.core._http2.agent import H2Agent
    from scrapy.core.downloader.handlers import http2
    from twisted.internet.endpoints import HostnameEndpoint, wrapClientTLS

    from scraper.fetch.http.resolver import resolver_of
    from scraper.fetch.http.twisted_pool import _Answered

    class Agent(H2Agent):
        crawler: Any = None

        def get_endpoint(self, uri: Any) -> Any:
            host = uri.host.decode()
            found = resolver_of(self.crawler).at_hand(host, uri.port)
            assert found is not None, "an address needs no lookup"
            endpoint: Any = HostnameEndpoint(_Answered(self._reactor, found), host, uri.port)
            creator: Any = self._context_factory.creatorForNetloc(uri.host, uri.port)
            return wrapClientTLS(creator, endpoint)

    class Handler(http2.H2DownloadHandler):
        def __init__(self, crawler: Any) -> None:
            super().__init__(crawler)
            Agent.crawler = crawler
            vars(http2)["H2Agent"] = Agent

    return Handler


def delayed(behind: int, latency_s: float) -> int:
    """Start a relay that hands everything on half the latency later in each direction; return its port."""
    loop = asyncio.new_event_loop()

    async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        due: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

        async def write() -> None:
            while True:
                at, data = await due.get()
                await asyncio.sleep(at - loop.time())
                if not data:
                    writer.close()
                    return
                writer.write(data)

        writing = asyncio.ensure_future(write())
        with contextlib.suppress(OSError):  # whoever is done resets the connection
            while data := await reader.read(2**16):
                due.put_nowait((loop.time() + latency_s / 2, data))
        due.put_nowait((loop.time() + latency_s / 2, b""))
        await writing

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        up = await asyncio.open_connection("127.0.0.1", behind)
        await asyncio.gather(copy(reader, up[1]), copy(up[0], writer), return_exceptions=True)

    threading.Thread(target=loop.run_forever, daemon=True).start()
    server = asyncio.run_coroutine_threadsafe(asyncio.start_server(serve, "127.0.0.1", 0), loop).result()
    return int(server.sockets[0].getsockname()[1])


def main() -> None:
    """Serve, crawl each way in a process of its own, and print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=1000)
    parser.add_argument("--kb", type=int, default=20)
    parser.add_argument("--latency-ms", type=float, default=40)
    parser.add_argument("--concurrency", type=int, nargs="*", default=[1, 16])
    parser.add_argument("--way", help=argparse.SUPPRESS)
    parser.add_argument("--url", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.way:
        handler: Any = "scraper.fetch.http.handler.CheckedHttp" if asked.way == "HTTP/1.1" else checked_handler()
        print(json.dumps(crawl(handler, asked.url, asked.pages, asked.concurrency[0])))
        return
    from tls_front import certificate

    with tempfile.TemporaryDirectory() as name:
        folder, port = Path(name), free_port()
        folder.chmod(0o755)
        (folder / "page.html").write_text("<p>x</p>" * (asked.kb * 128))
        (folder / "nginx.conf").write_text(
            CONFIG.format(folder=folder, listen=f"listen 127.0.0.1:{port} ssl http2;", pem=certificate(folder))
        )
        nginx = subprocess.Popen(["nginx", "-c", str(folder / "nginx.conf")], stderr=subprocess.DEVNULL)
        try:
            until_open(port)
            relay = delayed(port, asked.latency_ms / 1000)
            for concurrency in asked.concurrency:
                compare(asked, f"https://127.0.0.1:{relay}/", concurrency)
        finally:
            nginx.terminate()
            nginx.wait()


def compare(asked: argparse.Namespace, url: str, concurrency: int) -> None:
    """Print both ways at so many requests at once."""
    found = {}
    for way in ("HTTP/1.1", "HTTP/2"):
        command = [sys.executable, __file__, "--way", way, "--url", url, "--pages", str(asked.pages)]
        done = subprocess.run(
            [*command, "--concurrency", str(concurrency)], capture_output=True, text=True, check=True, cwd=ROOT
        )
        found[way] = json.loads(done.stdout.splitlines()[-1])
        print(
            f"{way:<9} {concurrency:>2} at once: {found[way]['wall_s']:6.2f} s, {found[way]['cpu_ms']:5.2f} ms a page"
        )
    one, two = found["HTTP/1.1"], found["HTTP/2"]
    time_, cpu = two["wall_s"] / one["wall_s"], two["cpu_ms"] / one["cpu_ms"]
    print(f"HTTP/2 / HTTP/1.1: {time_:.2f} of the time, {cpu:.2f} of the processor")


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def until_open(port: int) -> None:
    """Wait for nginx."""
    for _ in range(100):
        try:
            ssl.get_server_certificate(("127.0.0.1", port))
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise SystemExit(f"nginx does not listen on {port}")


if __name__ == "__main__":
    os.environ.setdefault("SCRAPY_SETTINGS_MODULE", "scraper.settings")
    main()
