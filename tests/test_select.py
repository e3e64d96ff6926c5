"""Selecting from a page gives what Scrapy's own selectors give."""

from __future__ import annotations

import doctest

import pytest
from scrapy.http import HtmlResponse

import scraper.select
from scraper.select import each, first, texts

BODY = """
<ul><li class="a"> one <b>bold</b> two</li><li id="x"><a href="/1">&amp;</a></li><li></li></ul>
<p>“hi”</p>
"""
PAGE = HtmlResponse("http://x/", body=BODY.encode(), encoding="utf-8")


@pytest.mark.parametrize(
    "css", ["li::text", ".a::text", "b::text", "#x a::attr(href)", "p::text", "i::text", "li:nth-child(2) *::text"]
)
def test_values_are_those_of_scrapy_s_selectors(css: str) -> None:
    assert texts(PAGE, css) == PAGE.css(css).getall()
    assert first(PAGE, css) == PAGE.css(css).get()


@pytest.mark.parametrize(
    "css",
    [".b", ".b.c", ".b:not(.c)", "p:not(.b)", "[class~='b c']", "[class~='']", "[rel~=next]", ".b, .c", ".B", ".é"],
)
def test_classes_are_words(css: str) -> None:
    classes = ["b", "bb", "b c", "\tc\n b ", "cb b-c", "B", "", "é"]
    body = "".join(f'<p class="{text}">{number}</p>' for number, text in enumerate(classes)) + "<p rel='up next'>r</p>"
    page = HtmlResponse("http://x/", body=body.encode(), encoding="utf-8")
    texts_of = ", ".join(f"{part}::text" for part in css.split(", "))
    assert texts(page, texts_of) == page.css(texts_of).getall()


def test_xpath_may_have_regular_expressions() -> None:
    xpath = r"//li[re:test(@class, '^[a-c]$')]/b/text() | //a[re:test(@href, '\d')]/@href"
    assert texts(PAGE, xpath) == PAGE.xpath(xpath).getall() == ["bold", "/1"]


def test_an_element_is_selected_from_as_scrapy_does() -> None:
    ours = [texts(item, "*::text") for item in each(PAGE, "li")]
    assert ours == [item.css("*::text").getall() for item in PAGE.css("li")]


def test_values_are_plain_strings_that_keep_no_page_alive() -> None:
    assert type(first(PAGE, "p::text")) is str


def test_asking_for_the_wrong_kind_names_the_right_selector() -> None:
    with pytest.raises(ValueError, match=r"select 'p::text' or 'p::attr\(name\)' instead of 'p'"):
        first(PAGE, "p")
    with pytest.raises(ValueError, match="select 'p' instead of 'p::text'"):
        each(PAGE, "p::text")


def test_the_examples_run() -> None:
    assert doctest.testmod(scraper.select).attempted > 0
    assert doctest.testmod(scraper.select).failed == 0
