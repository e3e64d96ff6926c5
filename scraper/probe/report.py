"""Put together what is known of a page."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from scraper.errors import ProbeError
from scraper.page_data.api_calls import api_calls
from scraper.paging.words import says_next
from scraper.probe.blocks import repeated_blocks
from scraper.probe.fetching import Fetcher
from scraper.probe.frames import MOST_FRAMES, frames_of
from scraper.probe.hint_answers import answer_hints
from scraper.probe.hint_buttons import button_hints, value_notes
from scraper.probe.hint_forms import form_hints, forms_of
from scraper.probe.hint_links import link_hints
from scraper.probe.hint_lists import list_hints, sitemap_hint, xml_hints
from scraper.probe.hint_numbers import number_hints
from scraper.probe.hints import Study
from scraper.probe.page import StudiedPage
from scraper.probe.robots import Robots
from scraper.probe.second_page import SecondPages
from scraper.probe.selectors import Selectors, words_of
from scraper.probe.serving import Serving, how_to_serve, lists_inside

if TYPE_CHECKING:
    from collections.abc import Callable

    from scraper.core.config import Config
    from scraper.fetch.http.addresses import Reach
    from scraper.page_data.api_calls import ApiCall
    from scraper.probe.blocks import Block
    from scraper.probe.fetching import Fetched
    from scraper.probe.hint_forms import Form
    from scraper.probe.hints import Hint
    from scraper.probe.rendered import RenderedDifference
    from scraper.probe.robots import RobotsAnswer
    from scraper.probe.stated import Stated

SITEMAP_BYTES = 65_536
SCRIPT_LINK = re.compile(r"^\s*(?:javascript:(?!.*__doPostBack)|#$)", re.IGNORECASE)


@dataclass(frozen=True)
class FoundList:
    """A list of records inside the page."""

    where: str
    path: str
    count: int
    keys: tuple[str, ...]


@dataclass(frozen=True)
class Report:
    """Everything that a probe found out; `as_json` is its stable form."""

    robots: RobotsAnswer
    page: StudiedPage
    title: str
    blocks: list[Block]
    lists: list[FoundList]
    hints: list[Hint]
    forms: list[Form]
    calls: list[ApiCall]
    serving: Serving
    notes: list[str]
    stated: Stated
    second: StudiedPage | None = None
    """The page that goes on with the list, when it was asked for and does."""
    browser: RenderedDifference | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the report as JSON; the keys are described in docs/reference/probe.md."""
        fetched, page = self.page.fetched, self.page
        return {
            "url": (fetched.redirects or (fetched.url,))[0],
            "final_url": fetched.url,
            "redirects": list(fetched.redirects),
            "status": fetched.status,
            "robots": {**asdict(self.robots), "said": self.robots.said},
            "content_type": page.content_type,
            "kind": page.kind,
            "encoding": {"declared": page.declared_encoding, "used": page.encoding if _is_text(page) else ""},
            "size_bytes": len(fetched.body),
            "took_s": round(fetched.took_s, 3),
            "title": self.title,
            "tier": self.serving.tier,
            "javascript": self.serving.javascript,
            "why": self.serving.why,
            "blocks": [asdict(block) for block in self.blocks],
            "data": [asdict(found) for found in self.lists],
            "stated": asdict(self.stated),
            "pagination": [asdict(hint) for hint in self.hints],
            "forms": [asdict(form) for form in self.forms],
            "api_calls": [asdict(call) for call in self.calls],
            "browser": asdict(self.browser) if self.browser else None,
            "notes": self.notes,
        }


def probe(url: str, config: Config, *, ignore_robots: bool = False, browser: bool = False) -> Report:
    """Fetch a page politely and study it, perhaps in a browser too; raise ProbeError when it cannot be had."""
    fetcher = Fetcher(config.crawl, url, config.proxies)
    robots = Robots(fetcher, config.crawl.agent, obey=config.crawl.obey_robots and not ignore_robots)
    report = probed(url, fetcher, robots)
    return _rendered(report, config, fetcher.reach) if browser and report.page.kind == "html" else report


def probed(url: str, fetcher: Fetcher, robots: Robots) -> Report:
    """Fetch a page and what it takes to study it with a fetcher of one's own; raise ProbeError."""
    fetched = fetcher.page(url, robots.check)
    if fetched.status >= 400:
        kind = str(fetched.headers.get("Content-Type", "no type")).partition(";")[0]
        raise ProbeError(
            f"{fetched.url} answered {fetched.status} {fetched.reason} ({kind}, {len(fetched.body)} bytes)"
        )
    answer = robots.about(fetched.url)
    sitemap = _sitemap(fetcher, robots, answer, fetched.url)
    further = [sitemap] if sitemap else []
    report = studied(StudiedPage(fetched), answer, further)

    def fetch(url: str) -> Fetched:
        return fetcher.page(url, robots.check)

    if report.page.kind == "html" and not report.blocks:
        report = _framed(report, fetch, further)
    return _tried(report, fetch, further)


def _rendered(report: Report, config: Config, reach: Reach) -> Report:
    """Add what a browser shows; that decides where the page as served has nothing."""
    # Selenium takes a moment to import, and nothing else here needs it.
    from scraper.probe.rendered import compare

    found = compare(report.page.url, report.blocks, config, reach)
    serving = report.serving
    if not report.blocks and serving.tier != "data" and (found.blocks or found.answers):
        tier = "api" if found.answers else "browser"
        where = found.answers[0].url if found.answers else f"{found.blocks[0].count} blocks that only a browser shows"
        serving = Serving(tier, True, f"the records come from {where}" if found.answers else where)
    return replace(report, serving=serving, hints=_distinct([*found.hints, *report.hints]), browser=found)


def _framed(report: Report, fetch: Callable[[str], Fetched], further: list[Hint]) -> Report:
    """Return the report on the frame that has the page's records; else the page's own."""
    ahead = frames_of(report.page)
    for _ in range(MOST_FRAMES):
        if not ahead:
            break
        url = ahead.pop(0)
        try:
            fetched = fetch(url)
        except ProbeError as error:
            report.notes.append(f"a frame was not had: {error}")
            continue
        inner = studied(StudiedPage(fetched), report.robots, further)
        if fetched.status < 400 and (inner.blocks or inner.hints):
            return replace(inner, notes=[f"{report.page.url} shows {url} in a frame: start_url is that", *inner.notes])
        ahead += [frame for frame in frames_of(inner.page) if frame not in ahead]
    return report


def _tried(report: Report, fetch: Callable[[str], Fetched], further: list[Hint]) -> Report:
    """Return the report with what the second page shows, and without totals that it does not confirm."""
    second = SecondPages(report.page, report.blocks, fetch)
    hints = second.tried(report.hints)
    agreed = second.agreed(report.stated)
    if agreed != report.stated:
        report = studied(report.page, report.robots, further, agreed)
        hints = second.tried(report.hints)
    return replace(report, hints=hints, second=second.page)


def studied(page: StudiedPage, robots: RobotsAnswer, further: list[Hint], stated: Stated | None = None) -> Report:
    """Study a page that is there; `further` are hints from elsewhere on the site, `stated` is what is known already."""
    selectors = Selectors(page.soup)
    study = Study(page, repeated_blocks(page), selectors, stated)
    forms = [form for form, _ in forms_of(study)]
    calls, lists = api_calls(study.page.scripts), lists_inside(study)
    return Report(
        robots,
        page,
        words_of(page.soup.title, 200) if page.soup.title is not None else "",
        study.blocks,
        [FoundList(found.where, found.path, len(found.entries), tuple(found.entries[0])[:30]) for found in lists],
        _distinct([*_hints(study), *further]),
        forms,
        calls,
        how_to_serve(study, lists, calls, forms),
        _notes(study),
        study.stated,
    )


def _hints(study: Study) -> list[Hint]:
    if study.page.kind == "json":
        return list(answer_hints(study))
    if study.page.kind in ("xml", "binary"):
        return list(xml_hints(study))
    makers = (link_hints, number_hints, button_hints, form_hints, list_hints)
    hints = [hint for maker in makers for hint in maker(study)]
    # The pages of an index are pages of lists, not of records.
    return sorted(hints, key=lambda hint: "index=" not in hint.line)


def _distinct(hints: list[Hint]) -> list[Hint]:
    seen: dict[tuple[str, str], Hint] = {}
    for hint in hints:
        seen.setdefault((hint.line, hint.why if "Feed" in hint.line else ""), hint)
    return list(seen.values())


def _sitemap(fetcher: Fetcher, robots: Robots, answer: RobotsAnswer, url: str) -> Hint | None:
    """Look at the beginning of the first sitemap that robots.txt names on the same host."""
    named = [place for place in answer.sitemaps if urlsplit(place).netloc == urlsplit(url).netloc]
    if not named or named[0] == url:
        return None
    try:
        robots.check(named[0])
        fetched = fetcher.one(named[0], SITEMAP_BYTES)
    except ProbeError:
        return None
    return sitemap_hint(named[0], fetched.body, url) if fetched.status == 200 else None


def _notes(study: Study) -> list[str]:
    page, notes = study.page, list[str]()
    if page.is_cut:
        notes.append(f"the page is large: the first {len(page.text) // 1000} thousand characters were studied")
    files = len(page.soup.find_all("script", src=True, limit=1000))
    if files:
        notes.append(f"{files} script files were not read")
    scripted = [words_of(link, 60) for link in page.soup.find_all("a", href=SCRIPT_LINK, limit=500)]
    if any(map(says_next, scripted)):
        notes.append("the link to the next page runs a script: what it asks for shows in a browser's network tab")
    notes += value_notes(study)
    notes += [f"the data inside were not read whole: {why}" for why in page.effort.left_out]
    return notes


def _is_text(page: StudiedPage) -> bool:
    return page.kind not in ("binary", "empty")
