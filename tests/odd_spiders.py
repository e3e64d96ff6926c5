"""Spiders of the sites in `odd_site`, each with another pagination."""

from __future__ import annotations

import asyncio
from typing import Any

from models.quotes import Quote
from scraper.login import Login
from scraper.paging import Cursor, Feed, Lists, NextForm, NextLink, Offsets, Sitemap
from scraper.select import first
from scraper.spider import SiteSpider


class Rows(SiteSpider):
    """Things that a list shows by itself."""

    name = "rows"
    start_url = "http://127.0.0.1:9/"
    records = (Quote,)
    items = "li.item"
    pagination = NextLink("a.next")

    def read_item(self, page: Any, item: Any) -> Any:
        link = first(item, "a.t::attr(href)")
        yield Quote.found(page, text=first(item, "a.t::text"), author="odd", tags=[], goodreads_url=link)

    def read_data(self, page: Any, data: Any) -> Any:
        yield Quote.found(page, text=data.get("name") or data.get("title"), author="odd", tags=[])


class Pages(SiteSpider):
    """Things with a page of their own."""

    name = "pages"
    start_url = "http://127.0.0.1:9/"
    records = (Quote,)
    items = "li.item"
    link = "a.t"
    pagination = NextLink("a.next")

    def read_page(self, page: Any) -> Any:
        yield Quote.found(page, text=first(page, "h1::text"), author="odd", tags=[])


class Asynchronous(Pages):
    """Its methods are `async`, in both forms."""

    name = "asynchronous"

    async def read_item(self, page: Any, item: Any) -> Any:
        await asyncio.sleep(0.01)
        for request in super().read_item(page, item):
            yield request

    async def read_page(self, page: Any) -> Any:
        await asyncio.sleep(0.01)
        if "boom" in page.url:
            raise KeyError("boom")
        return list(super().read_page(page))


class Listed(Pages):
    """Things of which the list alone has a link and a tag."""

    name = "listed"

    def read_listed(self, page: Any, item: Any) -> dict[str, Any]:
        return {"source": first(item, ".by::text"), "tags": [first(item, "::attr(data-tag)")]}

    def read_page(self, page: Any, source: Any = None, tags: Any = ()) -> Any:
        yield Quote.found(page, text=first(page, "h1::text"), author="odd", tags=tags, goodreads_url=source)


class Carrying(Listed):
    """Follows links itself, and takes one value along with the arguments and one in the meta."""

    name = "carrying"

    def read_item(self, page: Any, item: Any) -> Any:
        listed = self.read_listed(page, item)
        meta = {"tag": listed["tags"]}
        yield page.follow(first(item, "a::attr(href)"), self.thing, cb_kwargs={"by": listed["source"]}, meta=meta)

    def thing(self, page: Any, by: Any) -> Any:
        yield from self.read_page(page, source=by, tags=page.meta["tag"])


class Raising(Pages):
    """Raises on some pages."""

    name = "raising"

    def read_page(self, page: Any) -> Any:
        if "boom" in page.url:
            raise KeyError("boom")
        yield from super().read_page(page)


class Totalled(Pages):
    name = "totalled"
    pagination = NextLink("a.next", total="p.total")


class Members(Pages):
    name = "members"
    login = Login("/login", logged_in="a[href$='/logout']", account="user:password")


class Mapped(Pages):
    name = "mapped"
    pagination = Sitemap("/item/")


class Fed(Rows):
    name = "fed"
    pagination = Feed()


class Token(Rows):
    name = "token"
    pagination = Cursor("next_cursor", query="cursor", json="items")


class Linked(Rows):
    name = "linked"
    pagination = NextLink("next", json="results")


class Counted(Rows):
    name = "counted"
    pagination = Offsets("?offset={offset}&limit={limit}", limit=5, json="data.items")


class OffsetsTotal(Rows):
    name = "offsets-total"
    pagination = Offsets("?offset={offset}&limit={limit}", limit=5, json="data.items", total="total")


class Formed(Rows):
    name = "formed"
    pagination = NextForm("form")


class Tree(Rows):
    """Things in categories, which may lie in categories."""

    name = "tree"
    pagination = Lists("a.cat", NextLink("a.next"), levels=3)


class Nested(Rows):
    name = "nested"
    pagination = Lists("a.cat", Lists("a.cat", NextLink("a.next")))


class Indexed(Rows):
    """Things in lists whose index has pages."""

    name = "indexed"
    pagination = Lists("a.cat", NextLink("a.next"), index=NextLink("a.more", total="p.total"))


class Found(Rows):
    """Things in lists on a page of which nothing is declared."""

    name = "undeclared"
    pagination = Lists("a.cat", NextLink("a.next"))


class Tabled(SiteSpider):
    """Things in the rows of a table, by selectors as a browser shows them; each thing has a maker with a page."""

    name = "tabled"
    start_url = "http://127.0.0.1:9/"
    records = (Quote,)
    items = "table > tbody > tr"
    pagination = NextLink("table > tbody + tfoot a")

    def read_item(self, page: Any, item: Any) -> Any:
        yield Quote.found(page, text=first(item, "td::text"), author="odd", tags=[])
        yield from self.follow_new(page, "div.maker > a", self.read_maker)

    def read_page(self, page: Any) -> Any:
        yield Quote.found(page, text=first(page, "table > tbody td::text"), author="odd", tags=[])

    def read_maker(self, response: Any) -> Any:
        yield Quote.found(response, text=first(response, "h1::text"), author="maker", tags=[])
