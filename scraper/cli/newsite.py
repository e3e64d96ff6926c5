"""`swathe newsite`: a spider, its model, saved pages and a test from the address of a list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from scraper.cli.output import console, errors, print_table, visible
from scraper.core.config import load_config
from scraper.errors import UsageError

if TYPE_CHECKING:
    from scraper.probe.newsite import WrittenSite

EXAMPLE = "Example: swathe newsite http://127.0.0.1:8100/books/ --name shop"


def newsite(
    url: Annotated[str, typer.Argument(metavar="URL", help="Address of a list of records.")],
    name: Annotated[str, typer.Option("--name", help="The site's name; without it, one from the address.")] = "",
    like: Annotated[
        list[str] | None,
        typer.Option(
            "--like", metavar="FIELD=VALUE", help="A value that the page shows, and its field; again for more."
        ),
    ] = None,
    ignore_robots: Annotated[
        bool, typer.Option("--ignore-robots", help="Fetch the pages although robots.txt forbids it.")
    ] = False,
) -> None:
    """Write a spider, its model, saved pages and a test for a site, and say what is not sure. Exit 1: no list there.

    About a dozen pages are asked for: robots.txt, two list pages, and a few records' own pages.
    """
    # Requests and Scrapy's responses take half a second to import; the other commands should not wait for them.
    from scrapy.spiderloader import get_spider_loader

    from scraper.probe.new_site import NewSite, site_address
    from scraper.probe.newsite import default_name, write_site
    from scraper.spider.loader import project_settings

    address = site_address(url)
    if "://" not in url:
        errors.print(f"note: {address} is asked; write http:// before it if the site has no https", markup=False)
    site = NewSite.checked(name or default_name(address), address, "list")
    site.check_free(get_spider_loader(project_settings()), force=False)
    _show(write_site(site, load_config(), _wanted(like or []), ignore_robots=ignore_robots))


def _wanted(like: list[str]) -> dict[str, str]:
    """Return the values that a person sees by their fields; raise UsageError for what is none."""
    wanted = {}
    for pair in like:
        field, found, value = pair.partition("=")
        if not found or not field.isidentifier() or not field.islower() or not value.strip():
            raise UsageError(
                f'--like is {pair!r}, expected a field in small letters and its value: --like "price=£9.50"'
            )
        wanted[field] = value
    return wanted


def _show(written: WrittenSite) -> None:
    """Print what was written; everything that the site wrote goes through `visible`."""
    proposal = written.proposal
    for file in written.files:
        console.print(f"wrote {file}", markup=False)
    console.print()
    kind = "own pages read" if proposal.link else "records read"
    print_table(list(written.fields()), ["field", "type", "filled", "", "selector"], title=f"{proposal.count} {kind}")
    refused = list(written.refused())
    _lines("Refused values", refused[:5] + ([f"and {len(refused) - 5} more"] if len(refused) > 5 else []))
    for number, record in enumerate(written.samples(), 1):
        values = [f"{name}: {str(value)[:100]}" for name, value in record.items() if value not in (None, [])]
        _lines(f"Record {number}", values)
    _lines("Not sure", list(proposal.unsure))
    site = written.site
    _lines("Then", [f"swathe crawl {site.name}", f"swathe query {site.module}", f"pytest tests/test_{site.module}.py"])


def _lines(title: str, lines: list[str]) -> None:
    if lines:
        console.print(f"\n{title}", style="bold")
    for line in lines:
        console.print(f"  {visible(line)}", markup=False, soft_wrap=True)
