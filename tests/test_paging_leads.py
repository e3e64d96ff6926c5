"""What on a page leads to another page of its list: on pages where a selector finds nothing, and on whole lists."""

from __future__ import annotations

import pytest
from scrapy.http import HtmlResponse, TextResponse

from scraper.paging import Cursor, NextLink
from scraper.paging.kind import ListPage
from scraper.paging.leads import answer_leads, leads_of
from scraper.paging.words import MORE, NEXT, says_more, says_next
from scraper.select import each

URL = "http://shop.example/list"
ROWS = "".join(
    f"<li class=item><a href=/item/{number}>Thing {number}</a> <a href=#>More</a></li>" for number in range(10)
)


def page(around: str, *, number: int = 1, url: str = URL, head: str = "", **headers: str) -> ListPage:
    """Return a page of ten entries; `around` stands behind them."""
    body = f"<html><head>{head}</head><body class=gallery><ul>{ROWS}</ul>{around}</body></html>"
    listed = ListPage(
        HtmlResponse(url, body=body.encode(), encoding="utf-8", headers=headers), NextLink("a.none"), number
    )
    listed.entries_found = each(listed.response, "li.item")
    return listed


@pytest.mark.parametrize(
    ("around", "lead"),
    [
        ('<a href="?page=2">Next</a>', "the link 'Next' leads to /list?page=2"),
        ('<a href="?after=kzj2">Next&nbsp;&gt;</a>', "the link 'Next >' leads to /list?after=kzj2"),
        (
            '<a href="/list?start=15" title="Next Page"><img src=n.gif></a>',
            "the link 'Next Page' leads to /list?start=15",
        ),
        ('<a href="?page=2"><img alt="Next" src=n.gif></a>', "the link 'Next' leads to /list?page=2"),
        ('<a href="?page=2" aria-label="Go to next page">»</a>', "the link '»' leads to /list?page=2"),
        ('<ul><li class="pager-next"><a href="/list/p2">On</a></ul>', "the link 'On' leads to /list/p2"),
        ('<a rel="next nofollow" href="?p=2">On</a>', "the link 'On' leads to /list?p=2"),
        ('<a class=next href="#" onclick="show(2)">Next</a>', "the link 'Next' runs a script (show(2))"),
        ('<a href="#">Next</a>', "the link 'Next' runs a script"),
        ('<a href="#page=2">Next</a>', "the link 'Next' runs a script (#page=2)"),
        ('<a href="javascript:go()">weiter »</a>', "the link 'weiter »' runs a script (javascript:go())"),
        (
            '<li class=next><a>Next →</a></li><script>$(".next a").on("click", go)</script>',
            "the link 'Next →' runs a script",
        ),
        ("<button class=next>Load more</button>", "the button 'Load more' runs a script"),
        ("<button onclick=\"location.href='/list?page=2'\">Next</button>", "the button 'Next' runs a script (location"),
        ('<div class="load-more" data-page=2>…</div>', "the button '…' runs a script"),
        ('<button data-url="/list?page=2">Show more</button>', "the button 'Show more' leads to /list?page=2"),
        ("<form action=/list><input type=submit value=Next></form>", "the button 'Next' runs a script"),
        ('<b>1</b> <a href="?page=2">2</a> <a href="?page=3">3</a>', "the link '2' leads to /list?page=2"),
        ('<b>1</b> <a href="?o=20">2</a> <a href="?o=40">3</a>', "the link '2' leads to /list?o=20"),
        ('<div class=pagination><b>1</b> <a href="/l/b">2</a></div>', "the link '2' leads to /l/b"),
        ('<b>1</b> <a href="#" onclick="go(2)">2</a> <a href="#" onclick="go(3)">3</a>', "the link '2' runs a script"),
        ("<select name=page><option>1<option>2</select>", "its field 'page' has a page 2 to choose"),
        ("<p>Page 1 of 3</p>", "it says 'Page 1 of 3'"),
        ("<p>Seite 1 von 3</p>", "it says 'Seite 1 von 3'"),
        ("<p>第1页 共3页</p>", "it says '第1页 共3页'"),
        ("<p>1 / 3</p>", "it says '1 / 3'"),
        ("<p>Showing <b>1</b> to <b>10</b> of <b>60</b></p>", "it says 'Showing 1 to 10 of 60' and shows 10"),
        ("<p>60 results</p>", "it says '60 results' and shows 10"),
        ("<p>全60件</p>", "it says '全60件' and shows 10"),
        ("<div data-total-pages=3></div>", "data-total-pages says that there are 3 pages"),
        ('<div data-next-url="/x"></div>', "data-next-url is '/x'"),
        (
            "<script>addEventListener('scroll', () => fetch('/api/list?page=' + n))</script>",
            "a script asks /api/list?page=",
        ),
    ],
)
def test_what_leads_on_is_found(around: str, lead: str) -> None:
    assert [found for found in leads_of(page(around)) if found.what.startswith(lead)], leads_of(page(around))


@pytest.mark.parametrize(
    "around",
    [
        "",
        '<nav><a href=/about>More</a> <a href="/next-day-delivery">Next day delivery</a></nav>',
        '<form action=search/><a class=button href="search/">More...</a></form>',
        '<li class="next disabled"><a href="#">Next</a></li><li class=next><span>Next</span></li>',
        '<a class=next aria-disabled=true href="#">Next</a><button disabled>Next</button>',
        "<li class=next><a>Next</a></li>",
        '<div class=carousel><a class="carousel-control-next" href="#c">Next</a></div>',
        "<button aria-expanded=false>Show more</button>",
        "<p>Page 1 of 1</p><p>10 results</p><p>Showing 1 to 10 of 10</p><p>3 items in your cart</p>",
        "<footer><p>12,000 products in our shops</p></footer>",
        '<p>Text<sup><a href="#fn2">2</a></sup> and <sup><a href="#fn3">3</a></sup></p>',
        "<table>" + "".join(f'<td><a href="/day/{day}">{day}</a>' for day in range(1, 31)) + "</table>",
        '<a href="http://elsewhere.example/?page=2">Next</a><a href="/list">Next</a>',
        '<p>Per page: <a href="?per_page=20">20</a> <a href="?per_page=50">50</a></p>',
        "<script>fetch('/api/basket')</script>",
        '<a href="?page=1">«</a> <a href="?page=1">Previous</a>',
    ],
)
def test_a_list_that_is_one_page_has_no_lead(around: str) -> None:
    assert leads_of(page(around)) == []


def test_a_header_leads_on() -> None:
    found = leads_of(page("", Link='<?page=2>; rel="next"'))
    assert found[0].what == "its Link header leads to /list?page=2"


def test_an_answer_of_an_api_says_that_there_is_more() -> None:
    for body, what in (
        ('{"items": [1], "has_more": true}', "has_more is True"),
        ('{"items": [1], "meta": {"total": 60}}', "meta.total is 60"),
        ('{"items": [1], "total_pages": 6}', "total_pages is 6"),
        ('{"items": [1], "next": "/api?page=2"}', "next is /api?page=2"),
        ('{"items": [1], "has_more": false, "total": 1, "total_pages": 1, "next": null}', ""),
    ):
        listed = ListPage(TextResponse(URL, body=body.encode(), encoding="utf-8"), NextLink("none", json="items"), 1)
        listed.entries_found = [1]
        assert [lead.what for lead in leads_of(listed)] == ([f"its answer says so: {what}"] if what else [])


def test_a_later_answer_of_an_api_may_say_that_there_is_more() -> None:
    for body, what, beyond in (
        ('{"items": [1], "has_more": true}', "has_more is True", 0),
        ('{"items": [1], "pageInfo": {"hasNextPage": true}}', "hasNextPage is True", 0),
        ('{"items": [1], "meta": {"last_page": 4}}', "last_page is 4", 0),
        ('{"items": [1], "meta": {"last_page": 3}}', "", 0),
        ('{"items": [1], "total": 60}', "total is 60", 60),
        ('{"items": [1], "paging": {"total": 60}}', "total is 60", 60),
        ('{"items": [1], "brand": {"total": 60}, "total": 1, "has_more": false}', "", 0),
    ):
        listed = ListPage(TextResponse(URL, body=body.encode(), encoding="utf-8"), Cursor("next", json="items"), 3)
        listed.entries_found = [1]
        found = [(lead.what, lead.beyond) for lead in answer_leads(listed, is_end=True)]
        assert found == ([(f"its answer says so: {what}", beyond)] if what else [])
        assert [lead for lead in answer_leads(listed, is_end=False) if not lead.beyond] == [], "it goes on in any case"


def test_behind_the_first_page_only_what_names_the_page_after_it_counts() -> None:
    url = f"{URL}?page=5"
    for around in (
        '<a href="#" class=next>Next</a>',
        '<a href="?page=1">Next</a>',
        '<a href="?page=4">4</a>',
        "<p>5 / 5",
    ):
        assert leads_of(page(around, number=5, url=url)) == [], around
    for around in ('<a href="?page=6">Next</a>', '<a href="?page=6">6</a>', "<p>Page 5 of 7</p>"):
        assert leads_of(page(around, number=5, url=url)), around


def test_next_and_more_are_known_in_25_languages() -> None:
    assert len(NEXT) >= 25
    for words, says in ((NEXT, says_next), (MORE, says_more)):
        for language, line in words.items():
            for word in line.split("|"):
                assert says(f" {word.upper() if language != 'tr' else word} » "), (language, word)
    for text in ("", "Next of kin", "Nextcloud", "What's next?", "More about us", "« Previous", "2"):
        assert (says_next(text), says_more(text)) == (False, False), text
