"""`swathe demo`: the main job on the bundled practice site."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import typer

from models.record import schema_of
from models.registry import record_documents
from scraper.cli.output import console, print_table
from scraper.core.atomic_file import write_files
from scraper.core.config import load_config
from scraper.core.project import BUNDLED, MARKER, command, enter_project, find_project, project
from scraper.errors import EXIT_COMPLETE, EXIT_INCOMPLETE, UsageError
from scraper.storage.connection import connection_to

EXAMPLE = "Example: swathe demo"
CRAWLS = (
    ("quotes", "quotes/", EXIT_INCOMPLETE),
    ("quotes", "quotes/scroll", EXIT_COMPLETE),
    ("quotes-table", "quotes/tableful/", EXIT_COMPLETE),
    ("quotes-login", "quotes/members/", EXIT_COMPLETE),
    ("quotes-filter", "quotes/search.aspx", EXIT_COMPLETE),
    ("books", "books/", EXIT_INCOMPLETE),
)
"""Spider, where it starts, and how it must end."""

FOLDER = "swathe-demo"

QUERIES = (
    "query quotes tags:patience --select text,author",
    "query books 'price<15' in_stock=true --sort price --select title,price,currency,stock",
    "rejected list",
)


def demo() -> None:
    """Crawl the bundled practice site with every bundled spider, and show what is stored.

    The site is served on a free port of 127.0.0.1 while the demo runs. Some of its records are broken on purpose.
    Outside of a checkout the records are kept in the folder swathe-demo, which is made here.
    """
    from scraper.demo.server import DemoServer  # brings a web server, which no other command needs

    _enter_demo()
    config = load_config()
    with connection_to(config.mongodb) as database:
        with DemoServer() as site:
            console.print(f"The practice site is at {site.url}", markup=False)
            for spider, path, code in CRAWLS:
                console.print(
                    f"\n$ swathe crawl {spider} --start {site.url}{path}", style="bold", markup=False, soft_wrap=True
                )
                _crawl(spider, f"{site.url}{path}", code)
        console.print("\nIncomplete are those that met records which must be refused; they exit 3.", markup=False)
        for name, document in record_documents().items():
            collection = database[name]
            columns = [column for column in schema_of(document).content if column != "description"]
            print_table(
                collection.find(limit=3), columns, title=f"\n{collection.count_documents({})} {name}", days=columns
            )
        console.print(f"\n{database['rejected'].count_documents({})} refused items, kept in 'rejected'")
    console.print("\nThree queries to try:")
    if project().folder.parent == Path.cwd():
        console.print(f"  cd {project().folder.name}", markup=False)
    for query in QUERIES:
        console.print(f"  {_command()} {query}", markup=False, soft_wrap=True)


def _enter_demo() -> None:
    """Work in the checkout, or in a project of the demo's own; raise UsageError inside a user's project."""
    here = find_project(Path.cwd())
    if here is not None and here.package:
        raise UsageError(f"the demo is a project of its own, and this is {here.folder}: run it in another folder")
    if here is None:
        file = Path.cwd() / FOLDER / MARKER
        write_files({file: f"[settings]\ndefault = {BUNDLED}\n"})
        enter_project(file.parent)


def _crawl(spider: str, start: str, expected: int) -> None:
    sys.stdout.flush()
    line = command("crawl", spider, "--start", start)
    code = subprocess.run(line, cwd=project().folder, check=False).returncode  # noqa: S603
    if code != expected:
        console.print(f"The crawl of {spider} exited {code}, expected {expected}: see above", style="red")
        raise typer.Exit(1)


def _command() -> str:
    """Return how the person started this: from the checkout, or installed."""
    program = Path(sys.argv[0])
    if program.name == "main.py":
        return "python main.py"
    return "swathe" if shutil.which("swathe") == str(program) else os.path.relpath(program)
