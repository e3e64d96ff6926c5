"""What a command imports: what it needs, and nothing that takes long to import besides."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import pytest
from support import ROOT

from scraper.cli.app import COMMANDS, Deferred, loaded
from scraper.storage.tls import OPENSSL

if TYPE_CHECKING:
    from pathlib import Path

    from practice import PracticeServer
    from support import Swathe

DATABASE = {"bson", "mongoengine", "pymongo"}
CRAWLING = {"OpenSSL", "lxml", "scrapy", "twisted"}
SELDOM = {
    "aiohttp",
    "apprise",
    "bs4",
    "dateparser",
    "feedparser",
    "ftfy",
    "jinja2",
    "prometheus_client",
    "prompt_toolkit",
    "pyarrow",
    "redis",
    "requests",
    "selenium",
    "xlsxwriter",
}
"""What only some call of a command needs; no command imports it for being called."""

TRACED = """
import atexit, json, sys
found = {"while running": []}
def note(event, args):
    reactor = sys.modules.get("twisted.internet.reactor")
    if event == "import" and getattr(reactor, "running", False):
        found["while running"].append(args[0])
def tell():
    found["modules"] = [name for name, module in sys.modules.items() if module is not None]
    with open(sys.argv.pop(), "w") as file:
        json.dump(found, file)
sys.addaudithook(note)
atexit.register(tell)
sys.argv[0] = "main.py"
target = sys.argv.pop()
sys.argv.append(target)
from scraper.cli import main
"""


class Imports:
    """What commands import, by running them."""

    def __init__(self, swathe: Swathe, folder: Path) -> None:
        self.swathe = swathe
        self._target = folder / "imports.json"
        self.while_running: set[str] = set()

    def of(self, *arguments: str, code: int = 0, **environ: str) -> set[str]:
        """Run a command and return the modules it has imported at its end, packages among them."""
        program = (
            "import atexit, json, sys\n"
            "modules, running = sys.modules, []\n"
            "def note(event, args):\n"
            "    if event == 'import' and getattr(modules.get('twisted.internet.reactor'), 'running', False):\n"
            "        running.append(args[0])\n"
            "def tell():\n"
            "    there = [name for name, module in modules.items() if module is not None]\n"
            f"    with open({str(self._target)!r}, 'w') as file:\n"
            "        json.dump([there, running], file)\n"
            "sys.addaudithook(note)\n"
            "atexit.register(tell)\n"
            "from scraper.cli import main\n"
            "main()\n"
        )
        self.swathe.run([sys.executable, "-c", program, *arguments], code=code, **environ)
        there, running = json.loads(self._target.read_text())
        self.while_running = set(running)
        return set(there)


@pytest.fixture
def imports(swathe: Swathe, tmp_path: Path) -> Imports:
    """What commands import."""
    return Imports(swathe, tmp_path)
