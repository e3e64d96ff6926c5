"""Serve the practice site in the foreground, bundled or enlarged: `python -m scraper.demo`."""

from __future__ import annotations

import argparse
import errno
import signal
import sys
import threading
from collections.abc import Callable, Sequence

from scraper.demo.data import PracticeSite, load_site
from scraper.demo.enlargement import enlarge
from scraper.demo.server import HOST, PracticeServer

EXAMPLE = """example:
  python -m scraper.demo --port 0 --quotes 10000 --books 2000 --padding-kb 20 --latency-ms 30
"""


def _whole(smallest: int, largest: int) -> Callable[[str], int]:
    def convert(text: str) -> int:
        if not (text.isascii() and text.isdigit() and smallest <= int(text) <= largest):
            raise argparse.ArgumentTypeError(f"expected a whole number from {smallest} to {largest}, not {text!r}")
        return int(text)

    return convert


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m scraper.demo",
        description=f"Serve the practice site on {HOST} until Ctrl-C. The first line printed is its address. "
        "Any of the three sizes replaces the bundled records by composed ones.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    size, option = _whole(1, 100_000), parser.add_argument
    option("--port", type=_whole(0, 65_535), default=8100, help="0 takes a free port (default: %(default)s)")
    option("--quotes", type=size, metavar="N", help="enlarge the site: N quotes (default: 10000)")
    option("--books", type=size, metavar="N", help="enlarge the site: N books (default: 2000)")
    option("--authors", type=size, metavar="N", help="enlarge the site: N authors (default: one for 20 quotes)")
    option("--quotes-per-page", type=size, metavar="N", help="enlarge the site: N quotes on a list page (default: 20)")
    option(
        "--padding-kb", type=_whole(0, 10_000), default=0, metavar="N", help="add N KiB of hidden menus to each page"
    )
    option("--latency-ms", type=_whole(0, 60_000), default=0, metavar="N", help="delay each answer by N milliseconds")
    return parser


def _site(options: argparse.Namespace) -> PracticeSite:
    asked = {name: getattr(options, name) for name in ("quotes", "books", "quotes_per_page", "authors")}
    sizes = {name: value for name, value in asked.items() if value is not None}
    return enlarge(load_site(), **sizes) if sizes else load_site()


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGINT or SIGTERM; return 0, or 1 when the port cannot be had."""
    options = _parser().parse_args(arguments)
    done = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: done.set())
    server = PracticeServer(
        _site(options), port=options.port, latency_ms=options.latency_ms, padding_kb=options.padding_kb
    )
    try:
        with server:
            print(server.url, flush=True)
            done.wait()
    except OSError as error:
        reason = "the port is in use" if error.errno == errno.EADDRINUSE else str(error)
        print(
            f"cannot serve the practice site on {HOST}:{options.port}: {reason}; "
            "name another port with --port, or take any free one with --port 0",
            file=sys.stderr,
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
