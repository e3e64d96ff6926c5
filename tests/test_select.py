"""Selecting from a page gives what Scrapy's own selectors give."""

from __future__ import annotations

import doctest

import lxml.html
import pytest
from lxml import etree
from scrapy.http import HtmlResponse

import scraper.select
from scraper.fetch.http.responses import HtmlPage
from scraper.select import each, first, selector_of, texts

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


WHOLE = "<!doctype html><html><head><title>Café</title></head><body><!-- é --><p class=x>“hi” &amp; 𝛑</p></body></html>"
META = "<meta charset='{}'><p>Café</p>"
AT_ONCE: dict[str, tuple[bytes, str]] = {
    "utf-8": (WHOLE.encode(), "text/html; charset=utf-8"),
    "ascii as utf-8": (b"<p>plain</p>", "text/html; charset=utf-8"),
    "utf-8 by its own word": (META.format("utf-8").encode(), "text/html"),
    "utf-8 that nobody names": (WHOLE.encode(), "text/html"),
    "space around it": (b" \n\t" + WHOLE.encode() + b"\r\n ", "text/html; charset=UTF-8"),
    "XML's declaration": (b"<?xml version='1.0' encoding='latin-1'?>" + WHOLE.encode(), "text/html; charset=utf-8"),
    "another word in the page than in the head": (META.format("latin-1").encode(), "text/html; charset=utf-8"),
    "broken markup": (b"<p><b>a<p>b</b></div><td>c<a href='x'>&nbsp;&#0;&nosuch;</a>", "text/html; charset=utf-8"),
    "a tag that never ends": (b"<p>a</p><a href='b>", "text/html; charset=utf-8"),
    "a frame": (b"<frameset><frame src=a></frameset><noframes>b</noframes>", "text/html; charset=utf-8"),
    "a huge text": (b"<p>" + b"a" * 11_000_000 + b"</p>", "text/html; charset=utf-8"),
    "deep": (b"<div>" * 3_000 + b"a" + b"</div>" * 3_000, "text/html; charset=utf-8"),
    "a base behind the place where Scrapy looks": (
        b"<p>" + b"a" * 17_000 + b"</p><base href='/b/'><a href=c></a>",
        "text/html; charset=utf-8",
    ),
}
AS_SCRAPY: dict[str, tuple[bytes, str]] = {
    "latin-1": (WHOLE.encode("latin-1", "replace"), "text/html; charset=iso-8859-1"),
    "windows-1252 by its own word": (META.format("windows-1252").encode("cp1252"), "text/html"),
    "a lie": ("<p>Café</p>".encode("latin-1"), "text/html; charset=utf-8"),
    "a lie in the head": (WHOLE.encode(), "text/html; charset=iso-8859-1"),
    "half a character": (b"<p>Caf\xc3</p>", "text/html; charset=utf-8"),
    "a surrogate": (b"<p>\xed\xa0\x80</p>", "text/html; charset=utf-8"),
    "a mark of the encoding": (b"\xef\xbb\xbf" + WHOLE.encode(), "text/html; charset=iso-8859-1"),
    "utf-16": (WHOLE.encode("utf-16"), "text/html"),
    "utf-16 by its head": (WHOLE.encode("utf-16-be"), "text/html; charset=utf-16"),
    "shift_jis": ("<p>日本</p>".encode("shift_jis"), "text/html; charset=shift_jis"),
    "gb18030": ("<p>日本</p>".encode("gb18030"), "text/html; charset=gb2312"),
    "utf-7": (b"<p>+AGE-</p>", "text/html; charset=utf-7"),
    "an encoding that there is not": (WHOLE.encode("latin-1", "replace"), "text/html; charset=no-such"),
    "a NUL": (b"<p>a\0b</p>", "text/html; charset=utf-8"),
    "NULs at its ends": (b"\0 <p>a</p> \0", "text/html; charset=utf-8"),
    "space of other kinds": ("\xa0\u3000<p>a</p>\x85\x1c".encode(), "text/html; charset=utf-8"),
    "text around it": (b"a<p>b</p>c", "text/html; charset=utf-8"),
    "only text": (b"a", "text/html; charset=utf-8"),
    "nothing": (b"", "text/html; charset=utf-8"),
    "only space": (b" \n ", "text/html; charset=utf-8"),
    "only NULs": (b"\0\0", "text/html; charset=utf-8"),
    "a base": (b"<base href='/b/'><a href=c>d</a>", "text/html; charset=utf-8"),
    "a base in large letters": (b"<BASE HREF='/b/'><a href=c>d</a>", "text/html; charset=utf-8"),
    "a base behind many bytes of few characters": (
        "<p>{}</p><base href='/b/'>".format("𝛑" * 4_000).encode(),
        "text/html; charset=utf-8",
    ),
}
EMPTY_TO_THE_PARSER: dict[str, tuple[bytes, str]] = {
    "only a comment": (b"<!-- a -->", "text/html; charset=utf-8"),
    "only a type": (b"<!doctype html>", "text/html; charset=utf-8"),
    "only an end tag": (b"</p>", "text/html; charset=utf-8"),
    "no tag": (b"<>", "text/html; charset=utf-8"),
}


def shown(page: HtmlResponse) -> object:
    """Return all that can be known of a page's tree, or the error that there is none."""
    try:
        root = page.selector.root
    except etree.XMLSyntaxError as error:
        return str(error)
    elements = [
        (type(node), node.tag if isinstance(node.tag, str) else "", node.text, node.tail, dict(node.attrib))
        for node in root.iter()
    ]
    parser = root.getroottree().parser
    tree = etree.tostring(root.getroottree(), encoding="unicode")
    return elements, tree, root.base, root.getroottree().docinfo.doctype, [error.type for error in parser.error_log]


@pytest.mark.parametrize("name", [*AT_ONCE, *AS_SCRAPY, *EMPTY_TO_THE_PARSER])
@pytest.mark.parametrize("url", ["http://x/a b/?q=é", "http://127.0.0.1:81/quotes/page/2/"])
def test_the_tree_of_a_page_is_the_one_that_scrapy_makes(name: str, url: str) -> None:
    body, kind = {**AT_ONCE, **AS_SCRAPY, **EMPTY_TO_THE_PARSER}[name]
    ours, scrapys = (made(url, body=body, headers={"Content-Type": kind}) for made in (HtmlPage, HtmlResponse))
    assert shown(ours) == shown(scrapys)
    assert ours.encoding == scrapys.encoding
    assert ours.text == scrapys.text


@pytest.mark.parametrize("name", [*AT_ONCE, *AS_SCRAPY])
def test_a_tree_is_made_of_a_page_s_bytes_where_that_is_the_same(name: str) -> None:
    body, kind = {**AT_ONCE, **AS_SCRAPY}[name]
    page = HtmlPage("http://x/", body=body, headers={"Content-Type": kind})
    selector = selector_of(page)
    assert (selector is not None) == (name in AT_ONCE)
    if selector is not None:
        assert (selector.response, selector.type, type(selector)) == (page, "html", type(PAGE.selector))
    assert page.selector is page.selector


def test_what_is_selected_from_such_a_page_is_what_scrapy_selects_from() -> None:
    page = HtmlPage("http://x/", body=WHOLE.encode(), encoding="utf-8")
    assert page.css("p.x::text").getall() == ["“hi” & 𝛑"]
    assert isinstance(page.css("p")[0].root, lxml.html.HtmlElement)
    assert page.css("p").xpath("../..")[0].root is page.selector.root
    assert page.replace(body=b"<p>b</p>").css("p::text").get() == "b"


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
