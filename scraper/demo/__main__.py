"""Serve the practice site in the foreground: `python -m scraper.demo`."""

from __future__ import annotations

import argparse
import errno
import signal
import sys
import threading
from collections.abc import Callable, Sequence

from scraper.demo.server import HOST, DemoServer

DESCRIPTION = f"Serve the practice site on {HOST} until Ctrl-C. The first line printed is its address."


def whole_number(smallest: int, largest: int) -> Callable[[str], int]:
    """Return what reads a whole number of an option; it raises ArgumentTypeError."""

    def convert(text: str) -> int:
        if not (text.isascii() and text.isdigit() and smallest <= int(text) <= largest):
            raise argparse.ArgumentTypeError(f"expected a whole number from {smallest} to {largest}, not {text!r}")
        return int(text)

    return convert


def new_parser(program: str, description: str, example: str) -> argparse.ArgumentParser:
    """Return the parser of a command that serves the site: its only option is the port."""
    parser = argparse.ArgumentParser(
        prog=f"python -m {program}",
        description=description,
        epilog=f"example:\n  python -m {program} {example}\n",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    port = whole_number(0, 65_535)
    parser.add_argument("--port", type=port, default=8100, help="0 takes a free port (default: %(default)s)")
    return parser


def serve(server: DemoServer) -> int:
    """Serve until SIGINT or SIGTERM; return 0, or 1 when the port cannot be had."""
    done = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: done.set())
    try:
        with server:
            print(server.url, flush=True)
            done.wait()
    except OSError as error:
        reason = "the port is in use" if error.errno == errno.EADDRINUSE else str(error)
        print(
            f"cannot serve the practice site on {HOST}:{server.port}: {reason}; "
            "name another port with --port, or take any free one with --port 0",
            file=sys.stderr,
        )
        return 1
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve the site as the options say; return the exit code."""
    options = new_parser("scraper.demo", DESCRIPTION, "--port 8100").parse_args(arguments)
    return serve(DemoServer(port=options.port))


if __name__ == "__main__":
    sys.exit(main())
