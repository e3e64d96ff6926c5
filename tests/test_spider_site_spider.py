"""What a spider of a site takes as arguments, where it starts, and which links are the site's."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest
from scrapy.utils.test import get_crawler
from support import configured

from models.quotes import Quote
from scraper.crawl.request_stats import OFF_SITE, Tallies
from scraper.errors import UsageError
from scraper.fetch.http.responses import HtmlPage
from scraper.paging import NextLink, PageNumbers
from scraper.spider.site_spider import SiteSpider, with_plain_host

START = "http://www.shop.example/list/"


class Shop(SiteSpider):
    """A spider with two lists, one of them an API, and an argument of its own."""

    name = "shop"
    start_url = START
    records = (Quote,)
    items = ".item"
    link = "a"
    pagination: ClassVar = {
        "*/api": PageNumbers("api?page={page}", json="items", more="more"),
        "/list/*": NextLink("a.next"),
    }
    arguments = (*SiteSpider.arguments, "tag")
    tag = "any"


def shop(spider: type[SiteSpider] = Shop, tiers: str = "html, data, api, html5", **arguments: Any) -> Any:
    """Return the spider of a crawl."""
    config = configured(SWATHE_RENDERING_TIERS=tiers, SWATHE_RENDERING_LEARN_API="false")
    crawler = get_crawler(spider, {"SWATHE": config})
    crawler.settings.frozen = False  # as they are when a crawl makes its spider
    crawler.spider = spider.from_crawler(crawler, **arguments)
    return crawler.spider


def test_a_start_is_asked_for_by_the_name_that_its_links_have() -> None:
    assert with_plain_host("http://straße.example./a?é") == "http://xn--strae-oqa.example/a?%C3%A9"
    assert with_plain_host("http://shop.example?b") == "http://shop.example?b"


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ({"strat": "x"}, "spider 'shop' has no argument 'strat': did you mean 'start'"),
        ({"max_pages": "0"}, "max_pages is '0', expected a whole number of 1 or more"),
        ({"max_pages": "-1"}, "max_pages is '-1'"),
        ({"max_depth": "1.5"}, "max_depth is '1.5'"),
        ({"since_known": "\u00b2"}, "since_known is '\u00b2'"),
        ({"start": "ftp://h/"}, "start is 'ftp://h/', expected an address such as https://"),
        ({"start": "http://h:0/"}, "start is 'http://h:0/'"),
        ({"start": "http://h:99999/"}, "start is 'http://h:99999/'"),
        ({"start": "//h/"}, "start is '//h/'"),
        ({"start": "http:///x"}, "start is 'http:///x'"),
    ],
)
def test_an_argument_that_cannot_be_used_is_refused_before_the_crawl(arguments: dict[str, str], why: str) -> None:
    with pytest.raises(UsageError, match=why.replace(".", r"\.")):
        Shop(**arguments)


def test_arguments_are_numbers_where_they_are_limits_and_the_spider_s_own_stay_texts() -> None:
    spider = Shop(start="", max_pages="7", tag="12", _job="scrapyd's")
    assert (spider.start_at, spider.max_pages, spider.tag) == (START, 7, "12")
    assert spider.crawl_limit("max_pages") == 7
    assert spider.crawl_limit("max_depth") is None
    assert Shop().tag == "any"
    assert not hasattr(spider, "_job")


def test_a_spider_without_a_start_says_what_it_lacks() -> None:
    class Nowhere(SiteSpider):
        name = "nowhere"

    with pytest.raises(UsageError, match="spider 'nowhere' has no start_url"):
        Nowhere()


def test_the_limit_of_depth_is_scrapy_s_own() -> None:
    assert shop(max_depth="3").crawler.settings.getint("DEPTH_LIMIT") == 3
    assert shop().crawler.settings.getint("DEPTH_LIMIT") == 0


@pytest.mark.parametrize(
    ("url", "answer"),
    [
        ("http://www.shop.example/a", True),
        ("https://shop.example/", True),
        ("https://img.shop.example/", True),
        ("https://shop.example:8443/", True),
        ("https://notshop.example/", False),
        ("https://shop.example.evil.example/", False),
        ("https://evil.example/?shop.example", False),
        ("https://shop.example@evil.example/", False),
        ("mailto:ann@shop.example", False),
        ("file://shop.example/etc/passwd", False),
    ],
)
def test_a_link_is_the_site_s_by_its_host_alone(url: str, *, answer: bool) -> None:
    assert Shop().on_site(url) is answer


@pytest.mark.parametrize(
    ("start", "tiers", "kind"),
    [
        (START, "html, api", NextLink),
        ("http://shop.example/x/api", "html, api", PageNumbers),
        ("http://shop.example/list/api", "html, api", PageNumbers),
        ("http://shop.example/list/api", "html", NextLink),  # an API is read only where that is allowed
    ],
)
def test_the_pagination_is_that_of_the_start_page(start: str, tiers: str, kind: type) -> None:
    assert type(shop(tiers=tiers, start=start).kind) is kind


def test_a_start_page_that_no_pagination_is_for_is_refused() -> None:
    with pytest.raises(UsageError, match=r"start is '.*/other', expected a path such as \*/api or /list/\*"):
        _ = shop(start="http://shop.example/other").kind


def test_links_to_records_are_followed_on_the_site_and_noted_off_it() -> None:
    spider = shop()
    page = HtmlPage(START, body=b"<base href='/b/'>", encoding="utf-8")
    links = ["one", " /two#part ", "https://evil.example/", "mailto:a@shop.example", "", None, "http://[::1"]
    found = list(spider.follow_record(page, links))
    assert [request.url for request in found] == ["http://www.shop.example/b/one", "http://www.shop.example/two"]
    assert [spider.lists.fragments[request] for request in found] == ["", "part"]
    assert {request.callback for request in found} == {spider.on_record_page}
    assert Tallies.of(spider.crawler).noted(OFF_SITE) == ["https://evil.example/"]


def test_what_a_spider_lacks_for_its_pages_is_named() -> None:
    class Bare(SiteSpider):
        name, start_url, records = "bare", START, (Quote,)

    with pytest.raises(NotImplementedError, match="Bare needs a `link`, or a `read_item`"):
        Bare().read_item(None, None)
    with pytest.raises(NotImplementedError, match="Bare needs a `read_page`"):
        Bare().read_page(None)
    with pytest.raises(TypeError, match="a spider yielded a dict, expected a record"):
        Bare().record_of({}, None)
