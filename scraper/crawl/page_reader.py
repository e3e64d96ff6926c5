"""Read a page in the cheapest way that yields its records: its HTML, the data inside it, or the browser."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scrapy import Request, Selector
from scrapy.exceptions import IgnoreRequest
from scrapy.http import HtmlResponse

from scraper.core import meta as meta_keys
from scraper.core import statistics
from scraper.core.tiers import API, BROWSER, DATA, HTML, HTML5, TIERS
from scraper.crawl.api_discovery import discover
from scraper.crawl.attempt import Awaited, ReadAttempt, attempt, in_thread, records_of
from scraper.crawl.failures import describe
from scraper.crawl.request_stats import (
    CLOSED,
    DATA_PARTLY_READ,
    DATA_UNREAD,
    HTML5_UNREAD,
    NOT_RENDERED,
    UNCLOSED,
    Tallies,
)
from scraper.crawl.script_signs import may_show_more, signs_of_script
from scraper.crawl.stand_ins import StandIns
from scraper.crawl.tier_decisions import Decisions
from scraper.crawl.url_template import template_of
from scraper.fetch.browser.errors import PageRefusedError
from scraper.fetch.http.responses import base_of
from scraper.page_data import Effort, data_in, record_lists, single_records
from scraper.page_data.html5 import TooCostlyError, html5_tree
from scraper.paging.ask import Ask
from scraper.paging.facts import is_closed
from scraper.select import each

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence

    from scrapy.http import Response
    from twisted.python.failure import Failure

    from scraper.core.tiers import Tier
    from scraper.crawl.site import Site
    from scraper.paging.kind import ListPage

KEPT = 10
"""Pages kept with a run."""


class FailedPages:
    """Keeps what pages that yielded nothing in any way looked like, below the data folder: a person can see why."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.kept: list[dict[str, str]] = []
        """For each page: `url`, and where its `html` and `screenshot` are."""

    def screenshot_of(self, url: str) -> str:
        """Return where the browser is to put its picture of a page that it cannot read; empty when there are enough."""
        return str(self._file(url, "png")) if len(self.kept) < KEPT else ""

    def keep(self, response: Response) -> None:
        """Keep the HTML of a page, as far as there is room."""
        if len(self.kept) >= KEPT:
            return
        page, picture = self._file(response.url, "html"), self._file(response.url, "png")
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        page.write_bytes(response.body)
        page.chmod(0o600)
        kept = {"url": response.url, "html": str(page)}
        self.kept.append({**kept, "screenshot": str(picture)} if picture.exists() else kept)

    def _file(self, url: str, suffix: str) -> Path:
        """Name a file after the address without using any of it: it comes from a page."""
        return self._folder / f"{hashlib.blake2b(url.encode(), digest_size=8).hexdigest()}.{suffix}"


MOST_ATTEMPTS = 10
"""Places of a page's data that are tried, the largest first."""

MOST_IN_VAIN = {"entries": 1, "next": 1, "record": 3, HTML5: 3}
"""Pages of a template that are rendered in vain before no more are, by why it was asked; or read anew in vain."""

MISFITS = (KeyError, TypeError, AttributeError, IndexError)
"""What a spider raises on data that is not its records."""


@dataclass(frozen=True)
class Render:
    """The wish to see a page in the browser, and why."""

    cause: str
    evidence: str


class PageReader:
    """The ways of one crawl. Spiders and lists do not know which one a page took."""

    def __init__(self, spider: Site, tiers: Sequence[Tier], recheck_share: float) -> None:
        self._spider = spider
        self._tiers = tiers
        self.decisions = Decisions(spider.name, recheck_share)
        self._vain: Counter[str] = Counter()
        """How often the browser showed no more, by why it was asked and the page's template."""
        self._closing: set[str] = set()
        """Templates of which a page was seen to have its closing tag."""
        self.evidence: FailedPages | None = None
        self.stand_ins = StandIns()

    def read_list(self, page: ListPage) -> Generator[Awaited | None, None, ReadAttempt | Render]:
        """Return what a list page's entries gave, or the wish to render it first; yield None for a pause."""
        if page.is_data:
            return (yield from attempt(API, "", page.entries_found, lambda entry: self._spider.read_entry(page, entry)))
        html = yield from attempt(
            _tier(page.answer), "", page.entries_found, lambda entry: self._spider.read_item(page.response, entry)
        )
        if html.is_enough and not html.lacking:
            return html
        data = None if html.is_enough else (yield from self._in_data(page.answer, single=False))
        if data is not None:
            return data
        tree = yield from self._as_html5(page.response, html)
        if tree is not None:
            entries = each(tree, self._spider.items) if self._spider.items else []
            made = yield from attempt(HTML5, "", entries, lambda entry: self._spider.read_item(tree, entry))
            if self._is_better(tree, made, html):
                page.take(tree, entries)
                return made
        if html.is_enough:
            return html
        evidence = self._wants_browser(page, html)
        return Render("entries", evidence) if evidence else html

    def read_record(self, response: Response) -> Generator[Awaited | None, None, ReadAttempt | Render]:
        """Return what a record's own page gave, or the wish to render it first; yield None for a pause."""
        listed = response.cb_kwargs
        html = yield from attempt(_tier(response), "", [None], lambda _: self._spider.read_page(response, **listed))
        if html.is_enough:
            return html
        data = yield from self._in_data(response, single=True)
        if data is not None:
            return data
        tree = yield from self._as_html5(response, html)
        if tree is not None:
            made = yield from attempt(HTML5, "", [None], lambda _: self._spider.read_page(tree, **listed))
            if self._is_better(tree, made, html):
                return made
        if self._may_render(response, "record"):
            return Render("record", f"{html.lacks} in the page as served, and {signs_of_script(response)}")
        return html

    def wants_next(self, page: ListPage) -> Render | None:
        """Return the wish to render a list's first page because its next link may be made by a script."""
        link = getattr(page.kind, "link", "")
        if not link or page.number > 1 or page.is_data:
            return None
        following = page.kind.following(page)
        if isinstance(following, Ask) or following.sure:
            return None
        if self.decisions.tier(page.url) == HTML or not self._may_render(page.answer, "next"):
            return None
        return Render("next", f"'{link}' found no next link in the page as served, and {signs_of_script(page.answer)}")

    def note_closing_tag(self, response: Response) -> None:
        """Note whether a record's page has its closing tag, so that one without can be held against others like it."""
        closed, template = is_closed(response.body), template_of(response.url)
        tallies = Tallies.of(self._spider.crawler)
        if closed is False:
            tallies.note(response.request, UNCLOSED, response.url)
        elif closed and template not in self._closing:
            self._closing.add(template)
            tallies.note(response.request, CLOSED, template)

    def keep_evidence_in(self, folder: Path) -> None:
        """Say where pages are kept that yield nothing in any way."""
        self.evidence = FailedPages(folder)

    def settle(self, response: Response, made: ReadAttempt, *, leads_on: bool = True) -> None:
        """Learn from a page that was read whether its way was the right one."""
        cause = response.meta.get(meta_keys.RENDER_CAUSE, "")
        if made.tier == DATA:
            Tallies.of(self._spider.crawler).count(response.request, statistics.DATA_PAGES)
        helped = made.is_enough and (cause != "next" or leads_on)
        if not cause:
            if made.is_enough:
                evidence = made.where if made.tier == HTML5 else made.where and f"the records are in {made.where}"
                self.decisions.learn(response.url, made.tier, evidence)
                self._notice_api(response, made)
            return
        if helped:
            self.decisions.learn(response.url, BROWSER, response.meta[meta_keys.RENDER_EVIDENCE])
            self._notice_api(response, made)
            return
        self._vain[f"{cause} {template_of(response.url)}"] += 1
        if cause == "next":
            self.decisions.learn(response.url, HTML, "the browser shows no next link either")
        else:
            self.decisions.failed(response.url)
            if self.evidence is not None:
                self.evidence.keep(response)

    def without_browser(self, failure: Failure) -> Request | None:
        """Return the request for a page without the browser, when it was the browser that failed.

        Such a failure says nothing about the page, so nothing is learned from it; the page is read as it is served.
        """
        request: Request = failure.request  # type: ignore[attr-defined]
        error = failure.value
        if meta_keys.BROWSER not in request.meta or error is None:
            return None
        if isinstance(error, IgnoreRequest) and not isinstance(error, PageRefusedError):
            return None  # a limit, or robots.txt: it would be the same without the browser
        Tallies.of(self._spider.crawler).note(request, NOT_RENDERED, f"{request.url} {describe(error, request)}")
        meta = {name: value for name, value in request.meta.items() if name not in meta_keys.OF_BROWSER}
        return request.replace(meta={**meta, meta_keys.NO_BROWSER: True}, dont_filter=True)

    def takes_browser(self, url: str) -> bool:
        """Return whether a page is to be asked for with the browser at once."""
        decided = self.decisions.tier(url)
        return decided is not None and decided in self._tiers and TIERS[decided].takes_browser

    def route(self, page: Response, link: str) -> str | None:
        """Return the address of a page that a script shows at a link's fragment; None where no browser is used."""
        try:
            return base_of(page).resolve(link) if BROWSER in self._tiers else None
        except ValueError:
            return None

    def browser_options(self, url: str, *, is_list: bool) -> dict[str, Any]:
        """Return what the browser is told of a page: what to wait for, and what to do there."""
        wait_for = self._spider.items if is_list else self._spider.ready
        return {
            "wait_for": "" if wait_for.startswith(("/", "./", "(")) else wait_for,
            "actions": [action.to_json() for action in self._spider.actions] if is_list else [],
            # What the page itself asks for may be an API that does without the browser.
            "keep_json": is_list and self._spider.reads_data,
            "screenshot": self.evidence.screenshot_of(url) if self.evidence else "",
        }

    def _notice_api(self, response: Response, made: ReadAttempt) -> None:
        """Keep the API that the browser was seen to take these records from, and whether it has the same ones."""
        answers = response.meta.get(meta_keys.BROWSER_JSON)
        if made.tier == BROWSER and answers:
            api = discover(answers, lambda data: self._spider.read_data(response, data), response.url)
            if api is not None:
                shown = {found.identity for _, outputs in made.outputs for found in records_of(outputs)}
                self.decisions.propose(response.url, api, equal=shown == api.pop("identities"))

    def _wants_browser(self, page: ListPage, html: ReadAttempt) -> str:
        expected = page.number == 1 or page.is_stated
        if not expected or not self._may_render(page.answer, "entries"):
            return ""
        return f"{html.lacks} at '{self._spider.items}' in the page as served, and {signs_of_script(page.answer)}"

    def _may_render(self, response: Response, cause: str) -> bool:
        if BROWSER not in self._tiers or _tier(response) == BROWSER or response.meta.get(meta_keys.NO_BROWSER):
            return False
        tried_in_vain = self._vain[f"{cause} {template_of(response.url)}"]
        return tried_in_vain < MOST_IN_VAIN[cause] and may_show_more(response)

    def _as_html5(self, response: Response, html: ReadAttempt) -> Generator[None, None, Response | None]:
        """Return a page as a browser's parser reads it, where that may have more than the attempt; None elsewhere."""
        if not isinstance(response, HtmlResponse) or not self._may_read_anew(response):
            return None
        try:
            root = yield from in_thread(partial(html5_tree, response.text))
        except TooCostlyError as error:
            self._vain[f"{HTML5} {template_of(response.url)}"] += 1
            Tallies.of(self._spider.crawler).note(response.request, HTML5_UNREAD, f"{response.url}: {error}")
            return None
        # The links of the first attempt are those of a tree that may be wrong.
        followed = [output for _, outputs in html.outputs for output in outputs if isinstance(output, Request)]
        self._spider.shared_links.forget(followed)
        page = response.replace()
        page._cached_selector = Selector(root=root, type="html")
        return page

    def _may_read_anew(self, response: Response) -> bool:
        if HTML5 not in self._tiers or BROWSER in response.flags:
            return False
        tried_in_vain = self._vain[f"{HTML5} {template_of(response.url)}"]
        return tried_in_vain < MOST_IN_VAIN[HTML5] or self.decisions.tier(response.url) == HTML5

    def _is_better(self, page: Response, made: ReadAttempt, html: ReadAttempt) -> bool:
        """Return whether a browser's parser has shown more whole records than libxml2, and remember if it has not."""
        better, key = made.is_enough and made.good > html.good, f"{HTML5} {template_of(page.url)}"
        self._vain[key] = 0 if better else self._vain[key] + 1
        made.where = f"{html.lacks} in the tree of libxml2"
        return better

    def _in_data(self, response: Response, *, single: bool) -> Generator[Awaited | None, None, ReadAttempt | None]:
        """Try what the page holds besides its HTML, where the spider can read data."""
        if DATA not in self._tiers or not self._spider.reads_data or _tier(response) == BROWSER:
            return None
        listed = response.cb_kwargs if single else {}
        best: ReadAttempt | None = None
        effort = Effort(len(response.text))
        for where, entries in self._candidates(response, effort, single=single):
            made = yield from attempt(
                DATA, where, entries, lambda entry: self._spider.read_data(response, entry, **listed)
            )
            fits = made.is_enough and (made.error is None or isinstance(made.error, MISFITS))
            if fits and (best is None or made.good > best.good):
                best = made
                best.error = None
        if effort.left_out:
            what = f"{response.url}: {'; '.join(effort.left_out)}"
            kind = DATA_PARTLY_READ if best else DATA_UNREAD
            Tallies.of(self._spider.crawler).note(response.request, kind, what)
        return best

    def _candidates(self, response: Response, effort: Effort, *, single: bool) -> Iterator[tuple[str, list[Any]]]:
        # The tree that the page's selectors have made already.
        page = response.selector.root if isinstance(response, HtmlResponse) else response.text
        found = data_in(page, effort)
        if single:
            records = [(data.where, [record]) for data in found for record in single_records(data)]
            yield from records[:MOST_ATTEMPTS]
            return
        lists = [entry for data in found for entry in record_lists(data, effort)]
        lists.sort(key=lambda entry: -len(entry.entries))
        for entry in lists[:MOST_ATTEMPTS]:
            yield f"{entry.where} {entry.path}".strip(), list(entry.entries)


def render_request(request: Request, wish: Render, options: dict[str, Any]) -> Request:
    """Return the request for the same page in the browser."""
    meta = {
        **request.meta,
        meta_keys.BROWSER: options,
        meta_keys.RENDER_CAUSE: wish.cause,
        meta_keys.RENDER_EVIDENCE: wish.evidence,
    }
    return request.replace(meta=meta, dont_filter=True)


def _tier(response: Response) -> Tier:
    return BROWSER if BROWSER in response.flags else HTML
