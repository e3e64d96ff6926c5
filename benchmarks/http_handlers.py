"""What a page costs by each download handler for HTTP/1.1, and nothing else of a crawl.

    python benchmarks/http_handlers.py                # 1,000 pages of 50 KB, 16 at once, 5 rounds
    python benchmarks/http_handlers.py --rounds 3 --pages 500

nginx serves one static page over http and https on the loopback address. A spider that only counts asks for it by each
handler in turn, in a process of its own; printed are the lowest figures of the rounds, which a busy machine changes
least, and their ratio to Scrapy's own handler.

    scrapy   Scrapy's handler, as Scrapy has it
    checked  the same with connections to checked addresses and limits of the head: what proxies go through
    direct   Swathe's
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from http2 import CONFIG, ROOT, crawl, free_port, until_open

HANDLERS = {
    "scrapy": "scrapy.core.downloader.handlers.http11.HTTP11DownloadHandler",
    "checked": "scraper.fetch.http.handler.CheckedHttp",
    "direct": "scraper.fetch.http.direct_handler.DirectHandler",
}

LISTEN = "listen 127.0.0.1:{http}; listen 127.0.0.1:{https} ssl;"


def main() -> None:
    """Serve, measure, and print a line for each scheme and handler."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=1000)
    parser.add_argument("--kb", type=int, default=50)
    parser.add_argument("--concurrency", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--one", nargs=2, metavar=("HANDLER", "URL"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        print(json.dumps(crawl(HANDLERS[asked.one[0]], asked.one[1], asked.pages, asked.concurrency)))
        return
    from tls_front import certificate

    with tempfile.TemporaryDirectory() as name:
        folder, ports = Path(name), {"http": free_port(), "https": free_port()}
        folder.chmod(0o755)
        (folder / "page.html").write_text("<p>x</p>" * (asked.kb * 128))
        (folder / "nginx.conf").write_text(
            CONFIG.format(folder=folder, listen=LISTEN.format(**ports), pem=certificate(folder))
        )
        nginx = subprocess.Popen(["nginx", "-c", str(folder / "nginx.conf")], stderr=subprocess.DEVNULL)
        try:
            until_open(ports["https"])
            for scheme, port in ports.items():
                compare(asked, f"{scheme}://127.0.0.1:{port}/")
        finally:
            nginx.terminate()
            nginx.wait()


def compare(asked: argparse.Namespace, url: str) -> None:
    """Print what a page takes by each handler."""
    found: dict[str, list[dict[str, float]]] = {name: [] for name in HANDLERS}
    options = ("--pages", str(asked.pages), "--concurrency", str(asked.concurrency))
    for _ in range(asked.rounds):
        for name, rows in found.items():
            command = [sys.executable, __file__, "--one", name, url, *options]
            done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
            rows.append(json.loads(done.stdout.splitlines()[-1]))
    lowest = {
        name: [min(row[figure] for row in rows) for figure in ("cpu_ms", "wall_s")] for name, rows in found.items()
    }
    for name, (cpu_ms, wall_s) in lowest.items():
        of_cpu, of_wall = cpu_ms / lowest["scrapy"][0], wall_s / lowest["scrapy"][1]
        print(
            f"{url.partition(':')[0]:<6}{name:<8} {cpu_ms:5.2f} ms of processor a page ({of_cpu:.2f} of scrapy),"
            f" {wall_s:5.2f} s ({of_wall:.2f})"
        )


if __name__ == "__main__":
    main()
