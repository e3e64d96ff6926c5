"""`swathe probe`: what a page shows, where its records are, and how its list goes on."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scraper.cli.output import console, errors, print_facts, print_table, visible, write_json
from scraper.core.config import load_config
from scraper.core.text import counted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scraper.probe.blocks import Block
    from scraper.probe.report import Report

EXAMPLE = "Example: swathe probe http://127.0.0.1:8100/quotes/"


class ReportFormat(StrEnum):
    """How the report is printed."""

    TEXT = "text"
    JSON = "json"


def probe(
    url: Annotated[str, typer.Argument(metavar="URL", help="Address of a page, such as a list of records.")],
    format_: Annotated[
        ReportFormat, typer.Option("--format", help="For people, or one JSON object.")
    ] = ReportFormat.TEXT,
    ignore_robots: Annotated[
        bool, typer.Option("--ignore-robots", help="Fetch the page although robots.txt forbids it.")
    ] = False,
    browser: Annotated[bool, typer.Option("--browser", help="Compare with what a browser shows.")] = False,
) -> None:
    """Study one page: its records, its data, and lines for a spider. Exit 0: report made, 1: not fetched, 2: usage.

    robots.txt is asked first; then the page is fetched once, without Scrapy and without running its scripts.
    """
    # Requests and Scrapy's responses take half a second to import; the other commands should not wait for them.
    from scraper.probe.new_site import site_address
    from scraper.probe.report import probe as probed

    address = site_address(url)
    if "://" not in url:
        errors.print(f"note: {address} is asked; write http:// before it if the site has no https", markup=False)
    report = probed(address, load_config(), ignore_robots=ignore_robots, browser=browser)
    if format_ is ReportFormat.JSON:
        told = report.as_json()
        write_json([told], list(told), lines=True)
    else:
        _show(report)


def _show(report: Report) -> None:
    """Print the report for people; everything in it that the page wrote goes through `visible`."""
    print_facts(_facts(report))
    _show_blocks(report.blocks, "Blocks that repeat")
    if report.browser:
        _show_blocks(report.browser.blocks, "Blocks that only a browser shows")
        answers = [vars(answer) for answer in report.browser.answers]
        _show_table(answers, ["url", "path", "count"], "Answers with records that the browser got")
    lists = [{**vars(found), "keys": list(found.keys)} for found in report.lists]
    _show_table(lists, ["where", "path", "count", "keys"], "Data inside the page")
    forms = [{**vars(form), "from the page": list(form.secrets), "fields": list(form.fields)} for form in report.forms]
    _show_table(forms, ["selector", "purpose", "method", "action", "fields", "from the page"], "Forms")
    console.print(
        "\nTo declare" if report.hints else "\nNothing on the page shows how a list would go on", style="bold"
    )
    for hint in report.hints:
        console.print(f"  {visible(hint.line)}", markup=False, soft_wrap=True)
        outcome = f"; leads to {hint.leads_to}" if hint.leads_to else ""
        outcome += f": {hint.found}" if hint.found else ""
        console.print(f"      {visible(hint.why + outcome)}", markup=False, soft_wrap=True, style="dim")


def _show_blocks(blocks: list[Block], title: str) -> None:
    rows = [{**vars(block), "text of the first": block.sample} for block in blocks]
    _show_table(rows, ["selector", "count", "links", "link", "text of the first"], title)


def _show_table(rows: list[dict[str, Any]], columns: list[str], title: str) -> None:
    if rows:
        console.print()
        print_table(rows, columns, title=title)


def _stated(report: Report) -> Iterator[str]:
    """Yield how many records and pages the page says there are, each with the selector of the place."""
    stated = report.stated
    if stated.total:
        yield f"{counted(stated.records or 0, 'record')} at {stated.total}"
    if stated.last:
        yield f"{counted(stated.pages or 0, 'page')} at {stated.last}"


def _facts(report: Report) -> dict[str, str]:
    """Return what is known of the answer as a whole."""
    page, fetched, robots = report.page, report.page.fetched, report.robots
    encoding = f", {page.encoding} ({page.declared_encoding or 'not'} declared)" if page.kind != "binary" else ""
    facts = {
        "address": fetched.url,
        "redirected from": " → ".join(fetched.redirects),
        "robots.txt": robots.said,
        "crawl delay": f"{robots.crawl_delay_s:g} s" if robots.crawl_delay_s is not None else "",
        "sitemaps": ", ".join(robots.sitemaps),
        "answer": f"{fetched.status} {fetched.reason}, {len(fetched.body):,} bytes in {fetched.took_s:.2f} s",
        "content": f"{page.content_type or 'no type'}: {page.kind}{encoding}",
        "title": report.title,
        "JavaScript": "needed" if report.serving.javascript else "not needed",
        "tier": f"{report.serving.tier}: {report.serving.why}",
        "states": ", ".join(_stated(report)),
        "note": "; ".join(report.notes),
    }
    return {name: text for name, text in facts.items() if text}
