"""Compare a page as served with the page as a browser shows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from requests.structures import CaseInsensitiveDict
from scrapy.exceptions import DownloadCancelledError, DownloadFailedError, DownloadTimeoutError

from scraper.core.config.proxies import proxies_for
from scraper.errors import ProbeError
from scraper.fetch.browser.errors import PageRefusedError
from scraper.fetch.browser.job import PageJob
from scraper.fetch.browser.pool import BrowserPool
from scraper.fetch.http.addresses import Server
from scraper.fetch.http.upstream import Upstream
from scraper.probe.blocks import Block, repeated_blocks
from scraper.probe.fetching import Fetched
from scraper.probe.hint_answers import answer_hints
from scraper.probe.hints import Hint, Study
from scraper.probe.page import StudiedPage
from scraper.probe.selectors import Selectors
from scraper.probe.serving import lists_inside

if TYPE_CHECKING:
    from scraper.core.config import Config
    from scraper.fetch.browser.job import Answer, RenderedPage
    from scraper.fetch.http.addresses import Reach

MOST_ANSWERS = 20


@dataclass(frozen=True)
class ApiAnswer:
    """An answer with records that the page got while it was rendered."""

    url: str
    path: str
    """JMESPath from the answer to its records."""
    count: int


@dataclass(frozen=True)
class RenderedDifference:
    """What a browser shows that the page as served does not have."""

    blocks: list[Block]
    """Blocks that repeat only there, or more often there."""
    answers: list[ApiAnswer]
    hints: list[Hint]
    took_s: float


def compare(url: str, served: list[Block], config: Config, reach: Reach) -> RenderedDifference:
    """Render a page and say what is new; raise ProbeError, or BrowserUnavailableError without a browser."""
    rendered = _render(url, config, reach)
    page = _page(rendered.url, rendered.body, "text/html; charset=utf-8")
    known = {block.selector: block.count for block in served}
    blocks = repeated_blocks(page)
    answers, hints = list[ApiAnswer](), list[Hint]()
    for answer in rendered.answers[:MOST_ANSWERS]:
        found, more = _studied(answer, rendered.url)
        answers += found
        hints += more
    fresh = [block for block in blocks if block.count > known.get(block.selector, 0)]
    return RenderedDifference(fresh, answers, hints, rendered.took_s)


def _render(url: str, config: Config, reach: Reach) -> RenderedPage:
    crawl = config.crawl
    names = proxies_for(config.proxies, Server.of(url).host)
    job = PageJob(
        url,
        keep_json=True,
        user_agent=crawl.agent,
        most_bytes=crawl.max_page_mb * 2**20,
        reach=reach,
        upstream=Upstream.of_line(config.proxies[names[0]]) if names else None,
    )
    try:
        with BrowserPool(
            config.rendering,
            config.mongodb.data_dir,
            user_agent=crawl.agent,
            verify_certificates=crawl.verify_certificates,
        ) as pool:
            return pool.render(job)
    except (PageRefusedError, DownloadFailedError, DownloadTimeoutError, DownloadCancelledError) as error:
        raise ProbeError(f"{url} cannot be rendered: {' '.join(str(error).split())[:300]}") from None


def _studied(answer: Answer, url: str) -> tuple[list[ApiAnswer], list[Hint]]:
    """Return the records of an answer, and how the API is asked for more."""
    page = _page(answer.url, answer.body.encode("utf-8", "replace"), "application/json")
    if answer.status != 200 or page.kind != "json":
        return [], []
    study = Study(page, [], Selectors(page.soup))
    found = [ApiAnswer(answer.url, records.path, len(records.entries)) for records in lists_inside(study)[:1]]
    if not found or answer.method != "GET":
        return found, []
    parts = urlsplit(answer.url)
    same = parts.netloc == urlsplit(url).netloc
    return found, list(answer_hints(study, at=parts.path if same else parts._replace(query="").geturl()))


def _page(url: str, body: bytes, kind: str) -> StudiedPage:
    return StudiedPage(Fetched(url, 200, "OK", CaseInsensitiveDict({"Content-Type": kind}), body, 0))
