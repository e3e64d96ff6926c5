"""`swathe pages`: the pages that were kept, and what today's spider makes of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from models.pages import StoredPage
from scraper.cli.lookup import find_by_id
from scraper.cli.output import MOST_ROWS, console, print_facts, print_table, tracked, visible
from scraper.cli.shell import spider_names
from scraper.core.atomic_file import PRIVATE_FILE, whole_file
from scraper.core.config import load_config
from scraper.core.text import counted
from scraper.core.tiers import BROWSER, HTML
from scraper.errors import EXIT_INCOMPLETE, SwatheError, UsageError
from scraper.query.filters import start_of
from scraper.storage.connection import Connection, connection_to

if TYPE_CHECKING:
    from pymongo.database import Database

    from scraper.pages.replay import ReplayResult

EXAMPLE = "Example: swathe pages replay books --since 2026-11-21"
COLUMNS = ["id", "spider", "when", "why", "status", "way", "callback", "bytes", "url"]
Since = Annotated[str, typer.Option(metavar="TIME", help="Only pages from this day or time on.")]
RowLimit = Annotated[int, typer.Option(min=1, max=MOST_ROWS, help="Rows to show at most.")]

app = typer.Typer(
    help="Show the pages that were kept, and read them again with today's spiders.",
    invoke_without_command=True,
    add_completion=False,
    rich_markup_mode=None,
)


@app.callback()
def pages(context: typer.Context) -> None:
    """Show the pages that were kept, and read them again with today's spiders. Without a command: list."""
    if context.invoked_subcommand is None:
        list_pages()


@app.command("list", epilog="Example: swathe pages list books --since 2026-11-21")
def list_pages(
    spider: Annotated[str, typer.Argument(autocompletion=spider_names, help="Only pages of this spider.")] = "",
    since: Since = "",
    limit: RowLimit = 20,
) -> None:
    """List the latest pages that were kept."""
    from scraper.pages.trim import stored_bytes

    query = _query(spider, since)
    config = load_config()
    with connection_to(config.mongodb) as database:
        collection = database[StoredPage._get_collection_name()]
        print_table(map(_row, collection.find(query, sort=[("when", -1), ("_id", 1)], limit=limit)), COLUMNS)
        used = f"{stored_bytes(database) / 2**20:.1f} MB of the {config.pages.max_mb} MB that [pages] max_mb allows"
        console.print(
            f"{counted(collection.count_documents(query), 'page')}; all take {used}",
            style="dim",
            markup=False,
            soft_wrap=True,
        )


@app.command("show", epilog="Example: swathe pages show https://quotes.toscrape.com/ --body page.html")
def show(
    page: Annotated[str, typer.Argument(metavar="ID|URL", help="The page's id, the last digits of it, or its URL.")],
    body: Annotated[Path | None, typer.Option(metavar="FILE", help="Write what the page showed to this file.")] = None,
) -> None:
    """Show one page as it was kept; of a URL the latest."""
    from scraper.pages.archive import body_of

    with connection_to(load_config().mongodb) as database:
        found = _find(database, page)
        content = body_of(database, found) if body else None
    if body:
        if content is None:
            raise SwatheError(f"the body of the page '{found['_id']}' is missing: the crawl that kept it was killed")
        with whole_file(body, PRIVATE_FILE) as file:
            file.write(content)
    request = found.pop("request")
    print_facts({"id": found.pop("_id"), **found}, title="Page")
    print_facts(request, title="\nRequest")


@app.command("replay", epilog=EXAMPLE)
def replay(
    spider: Annotated[
        str, typer.Argument(autocompletion=spider_names, help="Name of the spider; `swathe spiders` lists them.")
    ],
    since: Since = "",
    write: Annotated[bool, typer.Option("--write", help="Store what is new or different.")] = False,
    limit: RowLimit = 50,
) -> None:
    """Read kept pages with today's spider, without the network, and show what would be different.

    Of each request the latest page counts. Exit 0: nothing is lost, 3: a page cannot be read, or a stored record would
    be refused or not be found any more, 2: usage.
    """
    from scraper.spider.loader import spider_class

    spider_class(spider)
    moment = start_of(since) if since else None
    config = load_config()
    connection = connection_to(config.mongodb)
    with connection as database:
        from scraper.pages.replay import latest_pages

        page_ids = latest_pages(database, spider, moment)
        if not page_ids:
            raise UsageError(f"no page of '{spider}' is kept: crawl with [pages] keep = all, or look at another time")
        arguments = {"since": since} if since else {}
        result = _replayed(connection, spider, page_ids, arguments, config.listeners if write else None)
    _print_comparison(result, limit, written=write)
    raise typer.Exit(EXIT_INCOMPLETE if result.is_worse else 0)


def _replayed(
    connection: Connection, spider: str, page_ids: list[Any], arguments: dict[str, Any],
    listeners: tuple[str, ...] | None,
) -> ReplayResult:  # fmt: skip
    """Read pages again; None for `listeners`: nothing is stored."""
    from scraper.pages.replay import Replay
    from scraper.pages.reread import RereadRun, TodaysSpiders
    from scraper.spider.loader import spider_class
    from scraper.storage.records.store import Store

    database = connection.open()
    replayed = Replay(database, TodaysSpiders(database))
    if listeners is not None:
        with RereadRun("replay", spider, arguments) as run:
            store = Store(connection, run.id, spider, listeners)
            for page_id in tracked(page_ids, "Reading pages"):
                if (read := replayed.read(page_id)) is not None:
                    run.count(store.write(*read))
    else:
        for page_id in tracked(page_ids, "Reading pages"):
            replayed.read(page_id)
    replayed.look_for_missing(spider_class(spider).declared_records())
    return replayed.result


def _print_comparison(result: ReplayResult, limit: int, *, written: bool) -> None:
    from scraper.pages.replay import COUNTS

    rows = [vars(difference) for difference in result.differences[:limit]]
    if rows:
        print_table(
            ({**row, "would be": row["would_be"]} for row in rows),
            ["records", "key", "field", "stored", "would be", "url"],
            title="Differences",
            days=("stored", "would be"),
        )
    if (total := result.differing.total()) > len(rows):
        console.print(f"{len(rows)} of {total} differences; --limit shows more", style="dim")
    if result.coverage:
        coverage = [
            {
                "records": records,
                "field": name,
                "differ": result.differing[records, name],
                "stored": f"{stored} of {of_stored}",
                "would be": f"{found} of {of_found}",
            }
            for (records, name), (stored, of_stored, found, of_found) in result.coverage.items()
        ]
        print_table(coverage, ["records", "field", "differ", "stored", "would be"], title="\nRecords with a value")
    if result.problems:
        problems = ({"url": url, "what": what} for url, what in result.problems[:limit])
        print_table(problems, ["url", "what"], title=f"\n{counted(len(result.problems), 'page')} could not be read")
    counts = result.counts()
    told = ", ".join(f"{counts[word]} {word}" for word in COUNTS)
    end = "written" if written else "nothing was written; --write does"
    console.print(f"{counted(result.pages, 'page')}, records: {told}; {end}", markup=False, soft_wrap=True)


def _query(spider: str, since: str) -> dict[str, Any]:
    return {**({"spider": spider} if spider else {}), **({"when": {"$gte": start_of(since)}} if since else {})}


def _row(page: dict[str, Any]) -> dict[str, Any]:
    return {
        **page,
        "id": str(page["_id"])[-8:],
        "way": BROWSER if BROWSER in page["flags"] else HTML,
        "callback": page["request"]["callback"],
        "bytes": page["size"],
    }


def _find(database: Database[dict[str, Any]], page: str) -> dict[str, Any]:
    collection = database[StoredPage._get_collection_name()]
    if "/" not in page:
        return find_by_id(collection, page, "page", "swathe pages list")
    found = collection.find_one({"url": page}, sort=[("when", -1), ("_id", -1)])
    if found is None:
        raise UsageError(f"no page '{visible(page)}' is kept: `swathe pages list` shows those that are")
    return found
