"""Serve the practice site with all its lists in the foreground, bundled or enlarged: `python -m practice`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from practice.enlargement import enlarge
from practice.server import PracticeServer
from scraper.demo.__main__ import DESCRIPTION, new_parser, serve, whole_number
from scraper.demo.site import DemoSite, load_site

SIZES = "Any of the three sizes replaces the bundled records by composed ones."
EXAMPLE = "--port 0 --quotes 10000 --books 2000 --padding-kb 20 --latency-ms 30"


def _parser() -> argparse.ArgumentParser:
    parser = new_parser("practice", f"{DESCRIPTION} {SIZES}", EXAMPLE)
    size, option = whole_number(1, 100_000), parser.add_argument
    option("--quotes", type=size, metavar="N", help="enlarge the site: N quotes (default: 10000)")
    option("--books", type=size, metavar="N", help="enlarge the site: N books (default: 2000)")
    option("--authors", type=size, metavar="N", help="enlarge the site: N authors (default: one for 20 quotes)")
    option("--quotes-per-page", type=size, metavar="N", help="enlarge the site: N quotes on a list page (default: 20)")
    option(
        "--padding-kb",
        type=whole_number(0, 10_000),
        default=0,
        metavar="N",
        help="add N KiB of hidden menus to each page",
    )
    option(
        "--latency-ms", type=whole_number(0, 60_000), default=0, metavar="N", help="delay each answer by N milliseconds"
    )
    return parser


def _site(options: argparse.Namespace) -> DemoSite:
    asked = {name: getattr(options, name) for name in ("quotes", "books", "quotes_per_page", "authors")}
    sizes = {name: value for name, value in asked.items() if value is not None}
    return enlarge(load_site(), **sizes) if sizes else load_site()


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve the site as the options say; return the exit code."""
    options = _parser().parse_args(arguments)
    server = PracticeServer(
        _site(options), port=options.port, latency_ms=options.latency_ms, padding_kb=options.padding_kb
    )
    return serve(server)


if __name__ == "__main__":
    sys.exit(main())
