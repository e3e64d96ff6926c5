"""Runs whose process was killed: each is known to be lost at once, whatever kind of run it is."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from support import ROOT, last_run, until

if TYPE_CHECKING:
    from pathlib import Path

    from pymongo.database import Database
    from support import Swathe

    Mongo = Database[dict[str, Any]]

REREAD = """
import sys
from scraper.core.config import load_config
from scraper.storage.connection import connection_to
from scraper.pages.reread import RereadRun
with connection_to(load_config().mongodb):
    with RereadRun(sys.argv[1], "books", {}):
        sys.stdin.read()
"""


def test_a_killed_import_is_lost_at_once(swathe: Swathe, database: Mongo, tmp_path: Path) -> None:
    file = tmp_path / "books.jsonl"
    os.mkfifo(file)
    work = swathe.start("import", "books", str(file))
    with file.open("w") as lines:  # the import waits for more
        lines.write(json.dumps({"upc": "a1"}) + "\n")
        lines.flush()
        until(lambda: database.runs.count_documents({"state": "running"}) or work.poll() is not None, "it runs")
        work.kill()
        work.communicate()
    _is_lost(swathe, database)


def test_a_killed_replay_and_redrive_are_lost_at_once(swathe: Swathe, database: Mongo) -> None:
    for kind in ("replay", "redrive"):
        command = [sys.executable, "-c", REREAD, kind]
        with subprocess.Popen(command, cwd=ROOT, env=swathe.environ, stdin=subprocess.PIPE) as work:
            until(lambda: database.runs.count_documents({"state": "running"}) or work.poll() is not None, "it runs")
            work.kill()
        _is_lost(swathe, database)
        assert last_run(database)["kind"] == kind


def _is_lost(swathe: Swathe, database: Mongo) -> None:
    assert last_run(database)["state"] == "running"
    assert "lost" in swathe("runs").out
    run = last_run(database)
    assert (run["state"], run["verdict"], run["reasons"]) == (
        "lost",
        "incomplete",
        ["killed: it stopped without a word"],
    )
