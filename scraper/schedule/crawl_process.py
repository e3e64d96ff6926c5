"""The processes of scheduled crawls: started as groups of their own, found again by another scheduler, stopped."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from typing import TYPE_CHECKING

from models.system import LIMITS, Run
from scraper.core.project import command, project
from scraper.core.text import file_part
from scraper.fetch.browser.processes import Process, all_processes, process
from scraper.schedule.decisions import CrawlState
from scraper.schedule.schedule import COMMANDS

if TYPE_CHECKING:
    from pathlib import Path

    from models.schedules import Firing

HOST = socket.gethostname()


class CrawlProcesses:
    """The crawls that run on this host, those started here and those that another scheduler left."""

    def __init__(self, logs: Path) -> None:
        """Take the folder for what the crawls print."""
        self._logs = logs
        self._children: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, firing: Firing) -> Process:
        """Start the crawl of a firing in a session of its own; raise OSError when that cannot be done."""
        self._logs.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._log(firing).touch(mode=0o600)
        with self._log(firing).open("wb") as log:
            child = subprocess.Popen(  # noqa: S603
                command_of(firing), cwd=project().folder, start_new_session=True,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        self._children[firing.id] = child
        return process(child.pid) or Process(child.pid, 0)

    def look(self, firing: Firing) -> CrawlState:
        """Return what is known of a firing's crawl: its process and its run's document."""
        run = Run.objects(firing=firing.mark).as_pymongo().first()
        child = self._children.get(firing.id)
        if child is not None:
            return CrawlState(child.poll() is None, run, child.returncode, self._last_words(firing))
        if firing.host != HOST:
            return CrawlState(None, run)
        if firing.pid is None:  # the scheduler died between the start and its note
            return CrawlState(True if self.find(firing) else None, run)
        return CrawlState(self.find(firing) is not None, run, last_words=self._last_words(firing))

    def find(self, firing: Firing) -> Process | None:
        """Return the living process of a firing's crawl on this host; None when there is none."""
        found = [Process(firing.pid, firing.pid_started)] if firing.pid is not None else all_processes()
        # Another process that got the same number does not name the firing; one of another project may.
        return next((one for one in found if one.is_alive() and _carries_out(one, firing)), None)

    def send(self, firing: Firing, number: signal.Signals) -> None:
        """Send a signal to the crawl and all that it started; nothing happens when it has ended."""
        child = self._children.get(firing.id)
        if child is not None:
            pid = child.pid if child.poll() is None else None
        else:
            found = self.find(firing) if firing.host == HOST else None
            pid = found.pid if found else None
        if pid is not None:
            try:
                os.killpg(pid, number)
            except ProcessLookupError:  # it ended meanwhile
                return

    def is_gone(self, run: Run) -> bool:
        """Return whether the process of a run, whoever started it, is known to have ended."""
        return run.host == HOST and process(run.pid) is None

    def forget(self, firing: Firing) -> None:
        """Let go of a crawl that has ended."""
        self._children.pop(firing.id, None)

    def leave(self) -> None:
        """Let all crawls outlive this process."""
        for child in self._children.values():
            child.returncode = child.poll() or 0  # Python must not warn about a child it never waited for

    def _log(self, firing: Firing) -> Path:
        return self._logs / f"firing-{file_part(firing.mark)}.log"

    def _last_words(self, firing: Firing) -> str:
        if not (log := self._log(firing)).exists():
            return ""
        lines = log.read_text(errors="replace").strip().splitlines()
        return " ".join(lines[-1].split())[:300] if lines else ""


def _carries_out(process: Process, firing: Firing) -> bool:
    return f"--firing {firing.mark} " in f"{process.command()} " and process.folder() == project().folder


def command_of(firing: Firing) -> list[str]:
    """Return the command that a person would type for the crawl of a firing, or for the other command that it is."""
    if firing.spider == COMMANDS["digest"]:
        return command("digest", "--firing", firing.mark)
    if firing.spider == COMMANDS["heal"]:
        return command("heal", "--watch", "--firing", firing.mark)
    options = ["--retry-dead"] if firing.retry_dead else []
    for name, value in sorted(firing.arguments.items()):
        of_every_crawl = name in ("start", *LIMITS)
        options += [f"--{name.replace('_', '-')}", str(value)] if of_every_crawl else ["-a", f"{name}={value}"]
    if firing.processes != "1":
        options += ["--processes", firing.processes]
    return command("crawl", firing.spider, *options, "--firing", firing.mark)
