"""How many redesigns `swathe heal` mends, that it accepts no wrong repair, and the same beside Scrapling's selectors.

    python benchmarks/healing.py                       # both, on 160 redesigns of seeds that nothing was made from
    python benchmarks/healing.py --seeds 31 --templates 64 --only heal

A site is a template of `generated_sites`; `swathe newsite` proposes its spider, which stores the records of two pages.
Then the site is redesigned: renamed (another way of naming), rebuilt (another structure, lists to tables and back),
wrapped, reordered, values from texts to attributes, or another language, in which its cleaners read dates as well.
Redesigns that the spider reads all the same are not counted. Mended is one whose repair passes the gate and reads
every field of every record exactly, also on a page that it was not made from; wrong one that passes and does not.

Lists that are data, answered by an API or carried by pages, have their keys renamed or moved: into groups, with the
list elsewhere, amounts as texts and labels as objects. Lists that a button continues by POST get another structure,
with the HTML elsewhere in the answer. Sites whose records a sitemap names have it moved to where robots.txt says, the
folder of their pages renamed, or the sitemap split into an index of two, and most of their pages rebuilt.

Others have to be refused: pages whose values are all others, one field whose values moved to other records, price and
old price swapped, a sale in which the stored price is the old one, and counts that have changed while another text
tells the old ones; of pages and of data; an answer to the POST that has the first page's records, or no HTML; and a
sitemap of other records, of half of them, of all in two folders, or of pages without any.

Scrapling (PyPI) is installed into an environment of its own. Its selectors are saved on the old pages and adapt on the
new ones, with its `find_similar` where they find one element alone: of each field it reads the values of all records of
the first page, of some of them, nothing, or other texts, whatever their order.

Ends with 1 when fewer than 95 % are mended, or any wrong repair is accepted.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import subprocess
import sys
import tempfile
import venv
from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bson import ObjectId  # noqa: E402
from generated_sites.answers import BEFORE  # noqa: E402
from generated_sites.redesigns import OF_DATA, OF_PAGES, PER_PAGE, Case, cases  # noqa: E402
from generated_sites.sitemaps import SITEMAP_TRAPS, SITEMAPS, SitemapCase, sitemap_cases  # noqa: E402
from induction import read_by  # noqa: E402
from requests.structures import CaseInsensitiveDict  # noqa: E402
from scrapy.http import HtmlResponse  # noqa: E402
from served_sitemaps import follows_all, healed_sitemap, proposal_of, read_own  # noqa: E402

from models.record import Found, Record  # noqa: E402
from models.system import Run  # noqa: E402
from scraper.core.config import load_config  # noqa: E402
from scraper.heal.healing import heal  # noqa: E402
from scraper.heal.known_records import FieldReader, plain  # noqa: E402
from scraper.heal.outcome import Healing  # noqa: E402
from scraper.page_data import record_lists  # noqa: E402
from scraper.pages.archive import Capture, write  # noqa: E402
from scraper.pages.reread import TodaysSpiders, in_full  # noqa: E402
from scraper.paging.values import in_json  # noqa: E402
from scraper.probe.blocks import block_of, weighed_groups  # noqa: E402
from scraper.probe.columns import Columns, keyed, list_columns  # noqa: E402
from scraper.probe.data_columns import data_columns  # noqa: E402
from scraper.probe.fetching import Fetched  # noqa: E402
from scraper.probe.new_site import NewSite  # noqa: E402
from scraper.probe.outline import Outline  # noqa: E402
from scraper.probe.page import StudiedPage  # noqa: E402
from scraper.probe.proposal import Proposal  # noqa: E402
from scraper.probe.site_files import model_text, spider_text  # noqa: E402
from scraper.select import each  # noqa: E402
from scraper.storage.connection import connection_to  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pymongo.database import Database

    from scraper.core.config import Config
    from scraper.spider import SiteSpider

GOAL = 0.95
HELD_OUT = (9301, 9302)
REDESIGNS = (*OF_PAGES, *OF_DATA, "posted", *SITEMAPS)
TRAPS = (
    "other values", "moved values", "swapped prices", "sale", "told elsewhere", "posted again", "posted nothing",
    *SITEMAP_TRAPS,
)  # fmt: skip
OUTCOMES = ("exact", "some", "nothing", "wrong")
START = "http://site.example/"


def real_fields(found: Columns, case: Case) -> Columns:
    """Return the columns that are fields of the records: what a template alone shows need not be in another one."""
    if not case.values:
        return found
    values = {column.name: tuple(read_by(column, row) for row in column.values) for column in found.columns}
    columns = [one for one in found.columns if one.name == "currency" or values[one.name] in case.values]
    return replace(found, columns=tuple(keyed(columns)))


class Bench:
    """Heals cases in a database of its own."""

    def __init__(self, database: Database[dict[str, Any]], config: Config, folder: Path) -> None:
        self._database, self._config, self._folder, self._number = database, config, folder, 0

    def spider_of(self, case: Case | SitemapCase) -> tuple[type[SiteSpider], Proposal] | None:
        """Write the spider that is proposed for the old pages, and return it; None where nothing is proposed."""
        self._number += 1
        if isinstance(case, SitemapCase):
            proposal = proposal_of(case)
        else:
            proposal = self._of_data(case) if case.data else self._of_pages(case)
        if proposal is None:
            return None
        site = NewSite.checked(f"site{self._number}", START, "list")
        name = f"healed_{self._number}"
        model, text = model_text(site, proposal.columns), spider_text(site, proposal)
        # A field reads dates in the languages that its cleaner names, whatever the selector finds.
        model = model.replace('cleaners.day("DMY")', 'cleaners.day("DMY", ("en", "de"))')
        model_file, file = self._folder / f"{name}_model.py", self._folder / f"{name}.py"
        model_file.write_text(model)
        file.write_text(text.replace(f"from {site.model} import", f"from {name}_model import"))
        for path in (model_file, file):
            spec = importlib.util.spec_from_file_location(path.stem, path)
            assert spec is not None
            assert spec.loader is not None
            module = importlib.util.module_from_spec(spec)
            sys.modules[path.stem] = module
            spec.loader.exec_module(module)
        return getattr(sys.modules[name], site.spider_class), proposal

    @staticmethod
    def _of_pages(case: Case) -> Proposal | None:
        pages = [case.before[0], html_of(case.before[1])]
        roots = [HtmlResponse(START, body=page.encode()).selector.root for page in pages]
        block = block_of(roots[0], weighed_groups(Outline(roots[0]))[0])
        found = real_fields(list_columns(roots, block), case)
        line = 'pagination = NextLink("a.next, a[href*=page]")'
        if case.posted:
            line = 'pagination = PageNumbers("more", post={"page": "{page}"}, html="html")'
        has_key = any(column.key for column in found.columns)
        return Proposal(block.selector, line, "", found.columns, (), found.records, ()) if has_key else None

    @staticmethod
    def _of_data(case: Case) -> Proposal | None:
        assert case.data is not None
        pages = [studied_page(page) for page in case.before]
        entries = [entry for page in pages for inside in page.data_inside
                   for entry in record_lists(inside, page.effort)[0].entries]  # fmt: skip
        found = data_columns(entries)
        numbers = f'PageNumbers("?page={{page}}", json="{BEFORE[0]}", more="{BEFORE[1]}")'
        line = "pagination = " + ('NextLink("a.next")' if case.data.inside else numbers)
        has_key = any(column.key for column in found.columns)
        return Proposal("", line, "", found.columns, (), found.records, ()) if has_key else None

    def study_sitemap(self, case: SitemapCase, counts: Counter[str]) -> str:
        """Count what becomes of a site with a sitemap, and return a line when that is not what it should be."""
        made_of = self.spider_of(case)
        if made_of is None:
            counts["without a key"] += 1
            return ""
        kind, _ = made_of
        stored = read_own(self._database, kind, case.before, case.own[0])
        if {} in stored:
            counts["read wrong before"] += 1
            return ""
        healing, is_trap = healed_sitemap(self._database, self._config, kind, case, stored), case.kind in TRAPS
        outcome = "refused"
        if healing.text and not healing.refused:
            mended = healing.source.loaded(healing.text)
            again = read_own(self._database, mended, case.after, case.own[1])
            is_right = values_of(again) == values_of(stored) and follows_all(mended, case)
            outcome = "mended" if is_right and not is_trap else "wrong"
        counts.update((case.kind, f"{case.kind}: {outcome}"))
        is_as_wanted = outcome == ("refused" if is_trap else "mended")
        return "" if is_as_wanted else f"{case.kind} {case.name}: {outcome}: {'; '.join(healing.refused)}"

    def read(self, kind: type[SiteSpider], pages: tuple[str, str]) -> list[dict[str, Any]]:
        """Return what a spider reads from list pages, as MongoDB would hold it; {} for a record that is refused."""
        spiders, records = TodaysSpiders(self._database, classes={kind.name: kind}), []
        for number, page in enumerate(pages, 1):
            for found in self._found(spiders, kind, page, number):
                records += [{} if one.faults else {name: one.stored[name] for name in one.raw} for one in found]
        return records

    def _found(self, spiders: TodaysSpiders, kind: type[SiteSpider], page: str, number: int) -> Iterator[list[Found]]:
        spider = spiders.spider(kind.name, {})
        if not spider.items:
            yield spiders.read(_kept(f"{START}?page={number}", kind.name, ObjectId(), number), page.encode()).found
            return
        response = HtmlResponse(START, body=html_of(page, spider.kind.html).encode())
        for item in each(response, spider.items):
            found = [one for one in in_full(spider.read_item(response, item)) if isinstance(one, Found)]
            spiders.check(found)
            yield found

    def healed(self, kind: type[SiteSpider], case: Case, stored: list[dict[str, Any]]) -> Healing:
        """Store what the spider read, keep the redesigned first page, and heal."""
        run, begun = ObjectId(), datetime.now(UTC)
        document, earlier = kind.records[0], begun - timedelta(days=1)
        seen = {"first_seen": earlier, "last_seen": earlier, "changed_at": earlier, "run": ObjectId()}
        rows = [{**row, **seen, "url": START} for row in stored]
        self._database[document._get_collection_name()].insert_many(rows)
        Run(id=run, spider=kind.name, state="finished", verdict="unknown", started_at=begun, heartbeat_at=begun).save()
        first = f"{START}?page=1" if case.data and not case.data.inside else START
        for page, url in zip(case.after, (first, f"{START}?page=2"), strict=True):
            kept = _kept(url, kind.name, run)
            if case.posted and url != first:
                kept["request"] |= {"url": f"{START}more", "method": "POST", "body": b"page=2"}
                kept |= {"url": f"{START}more"}
            write(self._database, [Capture(kept, page.encode())])
        return heal(kind.name, kind, self._database, self._config)


def html_of(page: str, path: str = "html") -> str:
    """Return a page, or the HTML in one that is JSON."""
    return str(in_json(json.loads(page), path) or "") if page.startswith("{") else page


def studied_page(text: str) -> StudiedPage:
    """Return a page as a probe studies it."""
    return StudiedPage(Fetched(START, 200, "OK", CaseInsensitiveDict(), text.encode(), 0))


def _kept(url: str, spider: str, run: ObjectId, number: int = 1) -> dict[str, Any]:
    state = json.dumps({"name": START, "number": number, "state": {}})
    asked: dict[str, Any] = {"url": url, "method": "GET", "headers": {}, "body": None}
    request = {**asked, "callback": "on_list_page", "cb_kwargs": state, "request_meta": "{}"}
    about = {"url": url, "spider": spider, "run": run, "when": datetime.now(UTC), "why": "nothing", "fingerprint": url}
    return {
        **about,
        "request": request,
        "status": 200,
        "kind": "HtmlResponse",
        "encoding": "utf-8",
        "flags": [],
        "headers": {},
    }


@dataclass(frozen=True)
class Job:
    """A redesign that Scrapling is given as well: one whose selectors are all CSS."""

    case: Case
    document: type[Record]
    selectors: dict[str, tuple[str, str]]
    """By field, the selector of its elements on the page, and the attribute that has the value; empty for the text."""
    stored: list[dict[str, Any]]
    """The first page's records."""

    def as_json(self, number: int) -> dict[str, Any]:
        """Return it as `adaptive_selectors.py` takes it."""
        before, after = self.case.before[0], self.case.after[0]
        return {"url": f"http://site{number}.example/", "before": before, "after": after, "fields": self.selectors}

    def outcomes(self, found: dict[str, list[str]], spiders: TodaysSpiders) -> Iterator[str]:
        """Yield of each field whether Scrapling's texts are the stored values: one of OUTCOMES."""
        reader = FieldReader(spiders)
        for name, texts in found.items():
            values = [str(plain(reader.value(self.document, name, text, START))) for text in texts]
            wanted = [str(plain(row[name])) for row in self.stored if row[name] is not None]
            surplus, lacking = Counter(values) - Counter(wanted), Counter(wanted) - Counter(values)
            yield "nothing" if not texts else "wrong" if surplus else "some" if lacking else "exact"


def job_of(case: Case, kind: type[SiteSpider], proposal: Proposal, stored: list[dict[str, Any]]) -> Job | None:
    """Return what Scrapling is given of a case; None where a selector is XPath, or a field has several values."""
    columns = [column for column in proposal.columns if column.name != "currency"]
    if any(column.selector.startswith((".", "/", "(")) or column.many for column in columns):
        return None
    selectors = {}
    for column in columns:
        inner, _, what = column.selector.partition("::")
        selectors[column.name] = (
            f"{proposal.items} {inner}",
            what.removeprefix("attr(").removesuffix(")").replace("text", ""),
        )
    return Job(case, kind.records[0], selectors, stored[:PER_PAGE])


def values_of(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return records in which 1.5 and 1.50 are one number."""
    return [{name: plain(value) for name, value in record.items()} for record in records]


def study(bench: Bench, case: Case, counts: Counter[str], jobs: list[Job]) -> str:
    """Count what becomes of a case, and return a line when that is not what it should be."""
    made_of = bench.spider_of(case)
    if made_of is None:
        counts["without a key"] += 1
        return ""
    kind, proposal = made_of
    stored = bench.read(kind, case.before)
    is_trap, key = case.kind in TRAPS, next(column.name for column in proposal.columns if column.key)
    if len({row.get(key) for row in stored} - {None}) < 2 * PER_PAGE:
        counts["read wrong before"] += 1
        return ""
    if not is_trap and bench.read(kind, case.after) == stored:
        counts["read as before"] += 1
        return ""
    counts[case.kind] += 1
    job = None if is_trap or case.data or case.posted else job_of(case, kind, proposal, stored)
    jobs += [job] if job else []
    healing = bench.healed(kind, case, stored)
    outcome = "refused"
    if healing.text and not healing.refused:
        again = bench.read(healing.source.loaded(healing.text), case.after)
        outcome = "wrong" if is_trap or values_of(again) != values_of(stored) else "mended"
    counts[f"{case.kind}: {outcome}"] += 1
    counts[f"beside: {outcome}"] += len(job.selectors) if job else 0
    if outcome == "mended" or (is_trap and outcome == "refused"):
        return ""
    why = (
        "; ".join(healing.refused) or ", ".join(f"{one.what} {one.now}" for one in healing.mended) or "nothing to mend"
    )
    return f"{case.kind} {case.name}: {outcome}: {why}"


def beside_scrapling(jobs: list[Job], folder: Path, spiders: TodaysSpiders) -> Counter[str]:
    """Let Scrapling do the same in an environment of its own, and return how many redesigns came out how."""
    home = folder / "scrapling"
    venv.create(home, with_pip=True)
    subprocess.run([home / "bin" / "pip", "install", "-q", "scrapling"], check=True, capture_output=True)
    told = subprocess.run(
        [home / "bin" / "python", str(Path(__file__).with_name("adaptive_selectors.py"))],
        input=json.dumps([job.as_json(number) for number, job in enumerate(jobs)]),
        capture_output=True, text=True, check=True, cwd=folder,
    )  # fmt: skip
    answers = zip(jobs, json.loads(told.stdout), strict=True)
    return Counter(outcome for job, found in answers for outcome in job.outcomes(found, spiders))


def main() -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=HELD_OUT)
    parser.add_argument("--templates", type=int, default=80, help="templates of each seed")
    parser.add_argument("--only", choices=("heal",), help="leave Scrapling out")
    given = parser.parse_args()
    counts: Counter[str] = Counter()
    jobs: list[Job] = []
    with tempfile.TemporaryDirectory() as folder:
        config = load_config(ROOT, {"SWATHE_MONGODB_DATA_DIR": f"{folder}/data"})
        with connection_to(config.mongodb) as database:
            bench = Bench(database, config, Path(folder))
            for seed in given.seeds:
                for case in cases(seed, given.templates):
                    if line := study(bench, case, counts, jobs):
                        print(line, flush=True)
                for mapped in sitemap_cases(seed, given.templates // 4):
                    if line := bench.study_sitemap(mapped, counts):
                        print(line, flush=True)
            other = {} if given.only else beside_scrapling(jobs, Path(folder), TodaysSpiders(database))
    print()
    for name in (*REDESIGNS, *TRAPS):
        shown = ", ".join(f"{what} {counts[f'{name}: {what}']}" for what in ("mended", "refused", "wrong"))
        print(f"{name:<15} {counts[name]:>4}: {shown}")
    total, mended = sum(counts[kind] for kind in REDESIGNS), sum(counts[f"{kind}: mended"] for kind in REDESIGNS)
    wrong = sum(counts[f"{kind}: wrong"] for kind in (*REDESIGNS, *TRAPS))
    print(f"\nswathe heal  mended {mended} of {total} redesigns, {mended / total:.1%}; wrong repairs accepted {wrong}")
    if other:
        exact, refused, wrong = (counts[f"beside: {what}"] for what in ("mended", "refused", "wrong"))
        own = {"exact": exact, "nothing": refused, "wrong": wrong}
        print(f"\nfields of the {len(jobs)} redesigns whose selectors are all CSS:")
        for name, outcomes in (("swathe heal", own), ("Scrapling", other)):
            print(f"{name:<12} " + ", ".join(f"{what} {outcomes.get(what, 0)}" for what in OUTCOMES))
    return 0 if mended >= GOAL * total and not wrong else 1


if __name__ == "__main__":
    sys.exit(main())
