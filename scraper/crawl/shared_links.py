"""Links that many pages have: each is followed once, and known of every page that has it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from scraper.fetch.http.responses import base_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from scrapy import Request


class SharedLinks:
    """The links of one crawl."""

    def __init__(self) -> None:
        self._followed: dict[str, str] = {}
        """Addresses that were followed, by themselves and by the links that stand for them."""
        self._found: WeakKeyDictionary[Request, dict[str, str]] = WeakKeyDictionary()

    def of(self, request: Request) -> dict[str, str]:
        """Return what was found on a request's page, followed before or not: names of callbacks by address."""
        return self._found.get(request, {})

    def follow(self, page: Any, links: Iterable[str], callback: Callable[..., Any]) -> Iterator[Request]:
        """Yield requests for the links of a page that were not followed before."""
        base = urlsplit(base_of(page))
        found = self._found.setdefault(page.request, {}) if page.request is not None else {}
        for link in links:
            # Joined to the same host, a path from its root is the same address: to join it again costs more than
            # reading a record.
            known = f"{base.netloc} {link}" if link.startswith("/") else ""
            url = self._followed.get(known) or page.urljoin(link.strip())
            found[url] = callback.__name__
            yield from self._once(page, url, callback)
            self._followed[known or url] = url

    def forget(self, requests: Iterable[Request]) -> None:
        """Take back that links were followed: what was read of their page is thrown away, and the page read anew."""
        urls = {request.url for request in requests}
        self._followed = {name: url for name, url in self._followed.items() if url not in urls}

    def again(self, page: Any, links: dict[str, str], spider: Any) -> Iterator[Request]:
        """Yield requests for what `of` returned of a page, as far as it was not followed before."""
        for url, callback in links.items():
            yield from self._once(page, url, getattr(spider, callback))

    def _once(self, page: Any, url: str, callback: Callable[..., Any]) -> Iterator[Request]:
        if url not in self._followed:
            self._followed[url] = url
            yield page.follow(url, callback)
