"""The spiders that are bundled read a page of their site as it is, record by record; crawls are in test_crawl.py."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.request import Request, urlopen

import pytest
from practice import PracticeServer, load_site
from scrapy.http import HtmlResponse
from scrapy.utils.test import get_crawler
from support import configured

from models.record import Found
from pipelines.clean import clean
from pipelines.validate import validate
from scraper.select import each, texts
from spiders.books import BooksSpider
from spiders.quotes import QuotesSpider, author_page, home_of
from spiders.quotes_filter import QuotesFilterSpider
from spiders.quotes_login import QuotesLoginSpider
from spiders.quotes_table import QuotesTableSpider

if TYPE_CHECKING:
    from scraper import SiteSpider

SITE = load_site()


def page_at(site: PracticeServer, path: str) -> HtmlResponse:
    with urlopen(Request(site.url + path), timeout=60) as answer:
        return HtmlResponse(site.url + path, body=answer.read(), encoding="utf-8")


def spider_of(kind: type[SiteSpider]) -> Any:
    crawler = get_crawler(kind, {"SWATHE": configured()})
    crawler.spider = kind.from_crawler(crawler)
    return crawler.spider


def records(outputs: Any) -> list[dict[str, Any]]:
    """Return the records among what a callback yields, clean."""
    found = [output for output in outputs if isinstance(output, Found)]
    for one in found:
        clean(one)
        validate(one)
        assert one.faults == {}
    return [one.values for one in found]


@pytest.mark.parametrize(
    ("kind", "path"),
    [(QuotesSpider, "quotes/"), (QuotesTableSpider, "quotes/tableful/"), (QuotesLoginSpider, "quotes/")],
)
def test_the_sayings_of_a_page_are_those_that_stand_there(
    site: PracticeServer, kind: type[SiteSpider], path: str
) -> None:
    spider, page = spider_of(kind), page_at(site, path)
    truth = {row["text"]: row for row in SITE.quotes}
    entries = each(page, spider.items)
    found = [values for entry in entries for values in records(spider.read_item(page, entry))]
    assert len(found) == len(entries) == 10
    for values in found:
        true = truth[values["text"]]
        assert (values["author"], values["tags"]) == (true["author"], true["tags"])


def test_a_result_of_the_search_shows_one_tag_which_is_added_to_those_known() -> None:
    html = (
        "<div class=results><div class=quote><span class=content>“Sea”</span> by <span class=author>Ann</span>"
        "<span class=tag>blue</span></div></div>"
    )
    page = HtmlResponse("http://h/filter.aspx", body=html.encode(), encoding="utf-8")
    spider = spider_of(QuotesFilterSpider)
    (found,) = spider.read_item(page, each(page, spider.items)[0])
    assert (found.raw["author"], found.raw["tags"], found.added) == ("Ann", ["blue"], {"tags"})


def test_a_book_is_read_whole_from_its_page(site: PracticeServer) -> None:
    spider, shelf = spider_of(BooksSpider), page_at(site, "books/")
    (values,) = records(spider.read_page(page_at(site, f"books/{texts(shelf, 'h3 a::attr(href)')[0]}")))
    (true,) = (row for row in SITE.books if row["upc"] == values["upc"])
    assert values.keys() >= {"title", "price", "currency", "in_stock", "stock", "rating", "category", "image_url"}
    assert values.pop("image_url") == f"{site.url[:-1]}{true['image_url']}"
    read = true.keys() & values.keys()
    assert {name: values[name] for name in read} == {name: true[name] for name in read}


def test_an_author_is_followed_once_whatever_the_page_links_to() -> None:
    html = "<div class=quote><span class=text>a</span><small class=author>J. D. Salinger</small>{}</div>"
    spider = spider_of(QuotesSpider)
    without, with_link = (
        HtmlResponse("http://h/quotes/page/2/", body=html.format(link).encode(), encoding="utf-8")
        for link in ("", "<a href='/quotes/author/J-D-Salinger'>about</a>")
    )
    urls = [
        output.url
        for page in (without, with_link)
        for output in spider.read_item(page, each(page, spider.items)[0])
        if not isinstance(output, Found)
    ]
    assert urls == ["http://h/quotes/author/J-D-Salinger"]


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("André Gide", "Andre-Gide"),
        ("George R.R. Martin", "George-R-R-Martin"),
        ("Madeleine L'Engle", "Madeleine-LEngle"),
    ],
)
def test_an_author_s_page_is_named_as_the_site_names_it(name: str, slug: str) -> None:
    page = HtmlResponse("http://h/quotes/tag/love/page/1/")
    assert author_page(page, name) == [f"http://h/quotes/author/{slug}"]


def test_an_author_without_a_latin_name_has_no_page_that_could_be_guessed() -> None:
    page = HtmlResponse("http://h/quotes/")
    assert author_page(page, "老子") == author_page(page, None) == author_page(page, "") == []


@pytest.mark.parametrize(
    "rest", ["", "page/2/", "js/", "js-delayed/page/3/", "scroll", "api/quotes?page=2", "tag/a/page/1/"]
)
def test_every_variant_of_the_site_begins_at_the_same_place(rest: str) -> None:
    assert home_of(f"http://127.0.0.1:8100/quotes/{rest}") == "http://127.0.0.1:8100/quotes/"
