"""A spider for every kind of pagination, each of which says it in one line."""

from __future__ import annotations

from typing import Any, ClassVar
from urllib.parse import urlsplit

from models.books import Book
from models.quotes import Author, Quote
from scraper.browser.actions import Dismiss, ScrollToEnd, WaitFor
from scraper.browser.actions import LoadMore as LoadMoreButton
from scraper.login import Login
from scraper.paging import (
    Cursor,
    DateWindows,
    Feed,
    Lists,
    NextForm,
    NextLink,
    Offsets,
    PageNumbers,
    Postback,
    Sitemap,
)
from scraper.select import each, first, texts
from scraper.spider import SiteSpider


class Listed(SiteSpider):
    """Quotes on list pages, whatever leads from one to the next."""

    name = "listed"
    start_url = "http://127.0.0.1:9/"
    records = (Quote,)
    items = ".quote"

    def read_item(self, page: Any, item: Any) -> Any:
        yield Quote.found(
            page, text=first(item, ".text::text"), author=first(item, ".author::text"), tags=texts(item, ".tag::text")
        )

    def read_data(self, page: Any, data: Any) -> Any:
        yield Quote.found(page, text=data["text"], author=data["author"]["name"], tags=data["tags"])


class Next(Listed):
    name = "next"
    pagination = NextLink("li.next a")


class NextXPath(Listed):
    name = "next-xpath"
    pagination = NextLink("//li[@class='next']/a")


class NextTotal(Listed):
    name = "next-total"
    pagination = NextLink("li.next a", total=".total")


class NextStated(Listed):
    name = "next-stated"
    pagination = NextLink("li.next a", last=".state", total=".total strong")


class ManyNext(Listed):
    name = "many-next"
    pagination = NextLink("a.next")


class Nothing(Listed):
    name = "nothing"
    pagination = NextLink("li.onward a")


class FoundAlone(Listed):
    name = "found-alone"


class Numbers(Listed):
    name = "numbers"
    pagination = PageNumbers("{page}/")


class NumbersQuery(Listed):
    name = "numbers-query"
    pagination = PageNumbers("?page={page}")


class NumbersStated(Listed):
    name = "numbers-stated"
    pagination = PageNumbers("?page={page}", last=".state")


class NumbersInOrder(Listed):
    name = "numbers-in-order"
    pagination = PageNumbers("?page={page}", last=".state")
    in_order = True


class Offset(Listed):
    name = "offset"
    pagination = Offsets("?offset={offset}&limit={limit}", limit=50)


class OffsetTotal(Listed):
    name = "offset-total"
    pagination = Offsets("?offset={offset}&limit={limit}", limit=10, total=".total")


class ApiPages(Listed):
    name = "api-pages"
    pagination = PageNumbers("pages?page={page}", json="data.items", last="pages", total="total")


class ApiOffset(Listed):
    name = "api-offset"
    pagination = Offsets("offset?offset={offset}&limit={limit}", limit=20, json="results", total="total")


class ApiCursor(Listed):
    name = "api-cursor"
    pagination = Cursor("next_cursor", query="cursor", json="items")


class ApiToken(Listed):
    name = "api-token"
    pagination = Cursor(header="X-Page-Token", token_header="X-Next-Page-Token", json="items")


class ApiLinks(Listed):
    name = "api-links"
    pagination = NextLink("next", json="results", total="count")


class LoadMore(Listed):
    name = "load-more"
    pagination = NextLink("button.more::attr(data-url)")


class LoadMoreJson(Listed):
    name = "load-more-json"
    pagination = PageNumbers("more", post={"action": "more", "page": "{page}"}, html="html", more="more")


class Form(Listed):
    name = "form"
    pagination = NextForm("form.next")


class AspNet(Listed):
    name = "postback"
    pagination = Postback(".pager a", last=".current")


class Tags(Listed):
    name = "tags"
    pagination = Lists("ul.tags a", NextLink("li.next a", total=".total"))


class Archive(Listed):
    name = "archive"
    pagination = DateWindows("?from={since}&to={until}", "2026-01-01", 10, "2026-03-31", total=".total")


class ArchiveSilent(Listed):
    name = "archive-silent"
    pagination = DateWindows("?from={since}&to={until}", "2026-01-01", 10, "2026-03-31")


class Members(Listed):
    name = "members"
    pagination = NextLink("li.next a")
    login = Login("../login", logged_in="a[href$='/logout']", account="anna:secret")


class AtLeast(Listed):
    name = "at-least"
    start_url = "http://127.0.0.1:9/lists/stated/"
    pagination = PageNumbers("?page={page}", last=".state")
    at_least: ClassVar = {Quote: 62}


class QuoteFeed(SiteSpider):
    name = "feed"
    start_url = "http://127.0.0.1:9/"
    records = (Quote,)
    pagination = Feed()

    def read_data(self, page: Any, data: Any) -> Any:
        author = data.get("author") or data["title"]
        yield Quote.found(page, text=data["summary"], author=author, tags=[tag["term"] for tag in data.get("tags", [])])


class FeedPages(Listed):
    name = "feed-pages"
    pagination = Feed()
    read_data = SiteSpider.read_data

    def read_page(self, page: Any) -> Any:
        for quote in page.css(".quote"):
            yield from self.read_item(page, quote.root)


class Authors(SiteSpider):
    name = "sitemap-authors"
    start_url = "http://127.0.0.1:9/"
    records = (Author,)
    pagination = Sitemap("/quotes/author/")

    def read_page(self, page: Any) -> Any:
        yield Author.found(
            page,
            name=first(page, ".author-title::text"),
            born_date=first(page, ".author-born-date::text"),
            born_location=first(page, ".author-born-location::text"),
            description=first(page, ".author-description::text"),
        )


class Titles(SiteSpider):
    """A book shop whose product pages are looked for in the wrong place."""

    name = "no-record"
    start_url = "http://127.0.0.1:9/"
    records = (Book,)
    items = ".product_pod"
    link = "h3 a"
    pagination = NextLink("li.next a", total=".form-horizontal strong", last="li.current")

    def read_page(self, page: Any) -> Any:
        yield from ()


class OwnErrback(SiteSpider):
    """Follows pages by itself, and looks after those that cannot be read by itself."""

    name = "own-errback"
    start_url = "http://127.0.0.1:9/"
    records = (Quote,)
    at_least: ClassVar = {Quote: 1}

    def parse(self, response: Any, **_: Any) -> Any:
        for item in each(response, "div.quote"):
            yield Quote.found(response, text=first(item, "span.text::text"), author="A", tags=[])
        yield response.follow("fails/", errback=self.missed)
        yield response.follow("may-fail/", errback=self.missed, meta={"may_fail": True})

    def missed(self, failure: Any) -> Any:
        yield Quote.found(failure.request, text=urlsplit(failure.request.url).path, author="missed", tags=[])


class FollowsAll(OwnErrback):
    """Follows whatever a page links to, wherever that is, and raises an error on one of its pages."""

    name = "follows-all"

    def parse(self, response: Any, **_: Any) -> Any:
        if response.url.endswith("?raises"):
            raise ValueError("a fault of the spider")
        for link in texts(response, "a::attr(href)") if response.url.endswith("start/") else []:
            yield response.follow(link, meta={"allow_offsite": True})


class MetaHandedOn(OwnErrback):
    """Follows pages by itself, with what each request has in its meta."""

    name = "meta-handed-on"

    def parse(self, response: Any, **_: Any) -> Any:
        for link in texts(response, "li.next a::attr(href)"):
            yield response.follow(link, meta=response.meta)


class Marked(Next):
    """Quotes as JSON-LD or microdata, whose shape is schema.org's."""

    name = "marked"

    def read_data(self, page: Any, data: Any) -> Any:
        author, tags = data.get("creator") or data["author"], data.get("keywords") or []
        yield Quote.found(
            page,
            text=data["text"],
            author=author["name"] if isinstance(author, dict) else author,
            tags=tags.split(",") if isinstance(tags, str) else tags,
        )


class NoData(Next):
    """Quotes that only HTML can be read of."""

    name = "no-data"
    read_data = SiteSpider.read_data


class InBrowser(NoData):
    """Quotes that only a browser shows."""

    name = "in-browser"


class Scrolling(NoData):
    name = "scrolling"
    actions = (ScrollToEnd(),)


class More(NoData):
    name = "more"
    actions = (LoadMoreButton("button.more"),)


class Closing(NoData):
    name = "closing"
    actions = (Dismiss(".modal button.close"), Dismiss("button#accept"), WaitFor(".quote"))
