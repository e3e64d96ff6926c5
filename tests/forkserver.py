"""Commands in processes of their own that need not import everything anew: forked from one that has it all imported.

Three quarters of what a short command costs is importing Scrapy, MongoEngine and our own modules. The commands that
tests run are real processes still, with their own arguments, environment, folder and output. What a command imports,
and what a fresh interpreter does with its environment, is for the tests that start one: `served` tells which.
"""

from __future__ import annotations

import gc
import json
import os
import pkgutil
import runpy
import select
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import IO, Any

ROOT = Path(__file__).resolve().parent.parent

SCRAPY = (
    "scrapy.cmdline", "scrapy.commands.crawl", "scrapy.commands.runspider", "scrapy.crawler", "scrapy.spiders",
    "scrapy.core.downloader.handlers.http11", "scrapy.extensions.corestats", "scrapy.extensions.feedexport",
    "scrapy.extensions.logstats", "scrapy.extensions.memusage", "scrapy.extensions.throttle", "scrapy.pipelines",
    "twisted.internet.asyncioreactor", "twisted.web.client",
)  # fmt: skip
"""What Scrapy imports for a crawl, by names in settings."""

TERMINAL = (
    "rich.console", "rich.live", "rich.markup", "rich.padding", "rich.panel", "rich.progress", "rich.table",
    "rich.text", "typer", "typer.core", "typer.main",
)  # fmt: skip
"""What the command line is made of, but for `typer.rich_utils`, which looks for the terminal's width."""

LEFT_OUT = ("scraper.cli", "scraper.settings", "scraper.__main__", "scraper.demo.__main__")
"""What looks at the environment when it is imported, such as for the terminal's width, or is a program."""

AS_HERE = ("PYTHONWARNINGS", "LANG", "LD_PRELOAD", "LC_ALL", "LC_CTYPE")
"""What Python, or the loader, reads when it starts: a command for which it is otherwise gets its own interpreter."""


class Forked(subprocess.Popen[str]):
    """A command that was forked: it is no child of this process; how it ends is told by the one that waits for it."""

    _child_created = False  # there is nothing that `Popen` itself could wait for
    stdout: IO[str]
    stderr: IO[str]

    def __init__(self, command: list[str], out: IO[str], err: IO[str], status: IO[str]) -> None:
        self.args, self.stdin, self.stdout, self.stderr, self._status = command, None, out, err, status
        self.pid = int(status.readline())
        self.returncode: int | None = None
        self._readers: list[Future[str]] = []

    def poll(self) -> int | None:
        """Return the exit code, negative for a signal, or None while the command runs."""
        return self._ended_within(0)

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit code once the command has ended."""
        if (code := self._ended_within(timeout)) is None:
            raise subprocess.TimeoutExpired(self.args, timeout or 0)
        return code

    def _ended_within(self, seconds: float | None) -> int | None:
        if self.returncode is None and select.select([self._status], [], [], seconds)[0]:
            self.returncode = os.waitstatus_to_exitcode(int(self._status.readline()))
            self._status.close()
        return self.returncode

    def communicate(self, input: str | None = None, timeout: float | None = None) -> tuple[str, str]:
        """Return all that is still printed on both outputs once the command has ended."""
        assert input is None, "it has no standard input"
        if not self._readers:
            threads = ThreadPoolExecutor(2)
            self._readers = [threads.submit(file.read) for file in (self.stdout, self.stderr)]
            threads.shutdown(wait=False)
        if wait(self._readers, timeout).not_done:
            raise subprocess.TimeoutExpired(self.args, timeout or 0)
        self.wait(timeout)
        self.stdout.close()
        self.stderr.close()
        return self._readers[0].result(), self._readers[1].result()

    def send_signal(self, sig: int) -> None:
        """Send a signal to a command that has not ended."""
        if self.poll() is None:
            with suppress(ProcessLookupError):  # it has ended since
                os.kill(self.pid, sig)


@dataclass
class ForkServer:
    """The process that others are forked from; `close` ends it."""

    process: subprocess.Popen[bytes]
    channel: socket.socket
    environ: dict[str, str]

    @classmethod
    def start(cls, environ: dict[str, str]) -> ForkServer:
        """Start it with the environment that commands mostly have."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        command = [sys.executable, "-P", str(Path(__file__)), str(theirs.fileno())]
        process = subprocess.Popen(
            command, pass_fds=[theirs.fileno()], cwd=ROOT, env=environ, stdin=subprocess.DEVNULL
        )  # fmt: skip
        theirs.close()
        return cls(process, ours, environ)

    def serves(self, command: list[str], environ: dict[str, str]) -> bool:
        """Return whether a command is one of Swathe's or Scrapy's, with nothing special for its interpreter."""
        ours = command[1:2] == [str(ROOT / "main.py")] or command[1:3] in (["-m", "scrapy"], ["-m", "scraper"])
        paths = set(environ.get("PYTHONPATH", "").split(os.pathsep)) - {"", str(ROOT), str(ROOT / "tests")}
        python = {name for name in environ if name.startswith("PYTHON")} - {"PYTHONPATH", "PYTHONWARNINGS"}
        return (
            command[0] == sys.executable and ours and not paths and not python - set(self.environ)
            and all(environ.get(name) == self.environ.get(name) for name in AS_HERE)
        )  # fmt: skip

    def run(self, command: list[str], cwd: Path, environ: dict[str, str], timeout_s: float) -> tuple[int, str, str]:
        """Run a command; return its exit code, negative for a signal, and what it printed on both outputs."""
        with self.fork(command, cwd, environ) as process:
            try:
                out, err = process.communicate(timeout=timeout_s)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
            return process.wait(), out, err

    def fork(self, command: list[str], cwd: Path, environ: dict[str, str]) -> Forked:
        """Start a command and return at once."""
        pipes = [os.pipe() for _ in range(3)]
        asked = json.dumps({"argv": command[1:], "cwd": str(cwd), "environ": environ}).encode()
        socket.send_fds(self.channel, [asked], [writes for _, writes in pipes])
        for _, writes in pipes:
            os.close(writes)
        return Forked(command, *(os.fdopen(reads) for reads, _ in pipes))

    def close(self) -> None:
        """End it; what was forked goes on."""
        self.channel.close()
        self.process.wait(timeout=60)


def serve(channel: socket.socket) -> None:
    """Import everything, and fork for each command that is asked for, until nobody can ask any more."""
    _preload()
    gc.freeze()  # what was imported is not looked through, and stays shared
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those who wait
    while True:
        asked, files, *_ = socket.recv_fds(channel, 2**20, 3)
        if not asked:
            return
        if not os.fork():
            channel.close()
            _wait_for_one(json.loads(asked), *files)
        for file in files:
            os.close(file)


def _wait_for_one(asked: dict[str, Any], out: int, err: int, status: int) -> None:
    """Run a command in a process of its own, and tell its id and then how it ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    if not (child := os.fork()):
        os.close(status)
        os.dup2(out, 1)
        os.dup2(err, 2)
        os.closerange(3, max(out, err, status) + 1)
        # Those that Python made are for what this process was started with, which may not have been pipes.
        sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115
        sys.stderr = open(2, "w", errors="backslashreplace", buffering=1, closefd=False)  # noqa: SIM115
        _become(**asked)
        sys.exit()
    os.close(out)
    os.close(err)
    os.write(status, f"{child}\n".encode())
    ended = os.waitpid(child, 0)[1]
    os.write(status, f"{ended}\n".encode())
    os._exit(0)


def _become(argv: list[str], cwd: str, environ: dict[str, str]) -> None:
    """Do what `python ARGV` does; returns or raises as it does."""
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environ)
    time.tzset()
    paths = [path or cwd for path in environ.get("PYTHONPATH", "").split(os.pathsep)] if "PYTHONPATH" in environ else []
    if argv[0] == "-m":
        sys.argv, sys.path[:0] = argv[1:], [cwd, *paths]
        runpy.run_module(argv[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv, sys.path[:0] = argv, [str(Path(argv[0]).parent), *paths]
        runpy.run_path(argv[0], run_name="__main__")


def _preload() -> None:
    sys.path.insert(0, str(ROOT))
    import scraper

    names = [found.name for found in pkgutil.walk_packages(scraper.__path__, "scraper.")]
    for name in [*SCRAPY, *TERMINAL, *(name for name in names if not name.startswith(LEFT_OUT))]:
        with suppress(ImportError):  # of an extra that is not installed
            import_module(name)
    sys.path.remove(str(ROOT))


if __name__ == "__main__":
    with socket.socket(fileno=int(sys.argv[1])) as asking:
        serve(asking)
