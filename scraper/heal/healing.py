"""Heal a spider: find what it no longer reads, new selectors for it, and whether they are right."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, cast

from models.system import Run
from scraper.errors import UsageError
from scraper.heal.field_places import DATA_METHOD
from scraper.heal.field_values import LEAST_KNOWN
from scraper.heal.gate import judge_repair, read_older, walk
from scraper.heal.known_records import KnownRecords, known_records
from scraper.heal.list_repair import reads_entries_of_data
from scraper.heal.outcome import Healing
from scraper.heal.repair import Repair
from scraper.heal.spider_source import SpiderSource
from scraper.heal.todays_pages import TodaysPages
from scraper.pages.reread import TodaysSpiders
from scraper.paging import Sitemap

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from pymongo.database import Database

    from scraper.core.config import Config
    from scraper.spider import SiteSpider

    Mongo = Database[dict[str, Any]]


def heal(
    name: str,
    kind: type[SiteSpider],
    database: Mongo,
    config: Config,
    *,
    ignore_robots: bool = False,
    keep_old: bool = False,
) -> Healing:
    """Try to heal a spider by its last run; raise UsageError when there is nothing that could be done. Blocks.

    With `keep_old` the present selectors stay as alternatives, and kept pages of before have to be read as they were.
    """
    run = run_to_heal(name)
    source = SpiderSource(kind)
    spiders = TodaysSpiders(database, classes={name: kind})
    spider = spiders.spider(name, run["arguments"])
    check_can_heal(spider, source)
    pages = TodaysPages(database, run["_id"], spider, config, ignore_robots=ignore_robots)
    before = trusted_until(run)
    known = {
        document.__name__: known_records(database, document, spider.start_at, before) for document in spider.records
    }
    if not any(len(one.records) >= LEAST_KNOWN for one in known.values()):
        raise UsageError(
            f"no records of {spider.start_at} were stored before {before:%Y-%m-%d %H:%M} UTC, "
            f"expected {LEAST_KNOWN} or more: heal looks for their values on today's pages; mend the spider by hand"
        )
    usual = usual_changes(run)
    healing = Healing(source, spider.start_at)
    repair = Repair(healing, spider, spiders, pages, known, usual, keep_old=keep_old)
    repair.tried()
    if healing.text:
        patched = TodaysSpiders(database, classes={name: source.loaded(healing.text)})
        done = walk(name, patched, pages, run)
        judged = [judge_repair(done, _read_of(known, healing, repair.main), run, usual)]
        judged += [read_older(database, name, before, (spiders, patched))] if keep_old else []
        healing.evidence = [line for one in judged for line in one.evidence]
        healing.refused = [line for one in judged for line in one.objections]
        if repair.must_go_on and not done.goes_on:
            healing.refused.append("pagination: the page that follows was not had, or has no more entries")
    healing.looked_at = str(pages)
    return healing


def run_to_heal(name: str) -> dict[str, Any]:
    """Return the last run of a spider; raise UsageError when there is none, or it is as it should be."""
    run = Run.objects(spider=name, kind="crawl", state__ne="running").order_by("-started_at").as_pymongo().first()
    if run is None:
        raise UsageError(f"spider '{name}' has no run, expected one that is not complete: `swathe crawl {name}`")
    if run.get("verdict") == "complete" and not run.get("suspect"):
        raise UsageError(
            f"the last run of '{name}' is complete, expected one that is not, or suspect: there is nothing to mend; "
            f"`swathe runs show {run['_id']}`"
        )
    return cast("dict[str, Any]", run)


def trusted_until(run: dict[str, Any]) -> datetime:
    """Return until when what was stored is taken as right: the start of the first run behind the last good one.

    Without a good one it is that of the run itself.
    """
    same = Run.objects(spider=run["spider"], arguments=run["arguments"], kind="crawl")
    good = same(verdict="complete", suspect__ne=True, started_at__lt=run["started_at"]).order_by("-started_at").first()
    behind = same(started_at__gt=good.started_at).order_by("started_at").first() if good else None
    return behind.started_at if behind else cast("datetime", run["started_at"])


def check_can_heal(spider: SiteSpider, source: SpiderSource) -> None:
    """Raise UsageError for a spider without selectors of the kind that is mended."""
    if not spider.reads_lists:
        raise UsageError(
            f"spider '{spider.name}' follows pages by a `parse` of its own, expected `items`: mend it by hand"
        )
    if reads_entries_of_data(spider):
        if not any(one.method == DATA_METHOD for one in source.fields) or spider.kind.data_link:
            raise UsageError(
                f"{source.shown_file} has no `read_data` with `Document.found(page, field=…)` of JSON, or of data "
                f"in pages, in {type(spider).__name__}, expected one: mend it by hand"
            )
        return
    if isinstance(spider.kind, Sitemap):
        if not any(one.method == "read_page" for one in source.fields):
            raise UsageError(
                f"{source.shown_file} has no `read_page` with `Document.found(page, field=…)` "
                f"in {type(spider).__name__}, expected one: mend it by hand"
            )
        return
    if not source.fields or source.attribute("items") is None:
        raise UsageError(
            f"{source.shown_file} has no `items` and `Document.found(page, field=…)` in {type(spider).__name__}, "
            f"expected both: mend it by hand"
        )


def _read_of(known: dict[str, KnownRecords], healing: Healing, main: str) -> Iterator[KnownRecords]:
    """Yield the known records of the documents that were mended, and of the one that the list shows."""
    mended = {one.what.partition(".")[0] for one in healing.mended if "." in one.what}
    for name, records in known.items():
        if name in mended or name == main:
            yield records


def usual_changes(run: dict[str, Any]) -> dict[tuple[str, str], float]:
    """Return by collection and field in which share of the records it usually changes, as the complete runs had it."""
    shares: dict[tuple[str, str], list[float]] = defaultdict(list)
    same = Run.objects(
        spider=run["spider"], arguments=run["arguments"], verdict="complete", started_at__lt=run["started_at"]
    )
    for one in same.order_by("-started_at").only("quality")[:20]:
        for records in one.quality.records if one.quality else ():
            again = records.found - records.new
            for name in records.filled:
                if again > 0:
                    shares[records.collection, name].append(records.changes.get(name, 0) / again)
    return {key: sorted(found)[len(found) // 2] for key, found in shares.items()}
