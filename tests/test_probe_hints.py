"""The lines that probe proposes for a list: next links in every guise, numbers, scripts, and what is none of them."""

from __future__ import annotations

import pytest
from requests.structures import CaseInsensitiveDict

from scraper.probe.fetching import Fetched
from scraper.probe.page import StudiedPage
from scraper.probe.report import Report, studied
from scraper.probe.robots import RobotsAnswer
from scraper.probe.second_page import SecondPages

URL = "http://shop.example/list/"
ROWS = "".join(f"<li class=thing><b>Thing number {n}</b> <i>{n} €</i></li>" for n in range(10))


def page_of(html: str, url: str = URL) -> StudiedPage:
    """Return a page that a server sent."""
    headers = CaseInsensitiveDict({"Content-Type": "text/html; charset=utf-8"})
    return StudiedPage(Fetched(url, 200, "OK", headers, html.encode(), 0))


def report_on(body: str, url: str = URL, rows: str = f"<ul>{ROWS}</ul>") -> Report:
    """Study a page of ten records with something below them."""
    page = page_of(f"<html><body>{rows}{body}</body></html>", url)
    return studied(page, RobotsAnswer("", 404, True, None, ()), [])


NEXT = '<p><a href="?page=2">{}</a></p>'
PAGERS = {
    "no-break space": (NEXT.format("Next&nbsp;&gt;"), "?page=2"),
    "words in spans": (NEXT.format("<span>Next</span><span> page</span>"), "?page=2"),
    "Czech": (NEXT.format("Další stránka"), "?page=2"),
    "Arabic": (NEXT.format("الصفحة التالية"), "?page=2"),
    "Chinese": (NEXT.format("下一页"), "?page=2"),
    "a sign among numbers": ('<div class=pages>1 <a href="p2?x">2</a> <a href="?page=2">»</a></div>', "?page=2"),
    "a picture with alt": ('<a href="?page=2"><img src=r.gif alt="next page"></a>', "?page=2"),
    "a picture called next": ('<a href="?page=2"><img src=/i/btn_next.png></a>', "?page=2"),
    "a label for the blind": ('<a href="?page=2" aria-label="Next"><svg></svg></a>', "?page=2"),
    "a class": ('<li class="pager-next"><a href="?page=2">on</a></li>', "?page=2"),
    "onclick": ("""<button onclick="location.href='/list/page/2/'">Next</button>""", "page/2/"),
    "a script's address": ("<script>n.onclick=()=>{location.assign('/list/page/2/')}</script>", "page/2/"),
    "a window that opens": ("""<b class=on onclick="window.open('/list/page/2/','_self')">Next »</b>""", "page/2/"),
    "a number behind an address": (
        "<button onclick='go(2)'>2</button><script>function go(n){location='/list/p/'+n}</script>", "p/2"),
    "an address in data": ("<div class=pager><span data-href='page2.html' class=next>Next</span></div>", "page2.html"),
    "an arrow to a second file": ('<a href="/list/2"><img src=/i/arrow_right.gif></a>', "2"),
    "an icon": ('<div class=paging><a href="page/2/"><i class="fa fa-chevron-right"></i></a></div>', "page/2/"),
    "a form's picture": ('<form action="page/2/"><input type=image src=n.gif alt="Next page"></form>', "page/2/"),
    "an address for a scroll": ('<div id=end data-next="page2.html"></div>', "page2.html"),
    "Persian": (NEXT.format("صفحه بعدی"), "?page=2"),
    "Thai": (NEXT.format("หน้าถัดไป »"), "?page=2"),
    "Slovak": (NEXT.format("Ďalšia strana"), "?page=2"),
    "Lithuanian": (NEXT.format("Kitas puslapis"), "?page=2"),
    "Catalan": (NEXT.format("Pàgina següent →"), "?page=2"),
    "numbers": ('<a href="/list/2">2</a> <a href="/list/3">3</a>', "2"),
    "choices of a select": ('<select><option value="?p=2">2<option value="?p=3">3</select>', "?p=2"),
    "a choice of numbers": (
        "<form><select name=page><option value=1>Page 1 of 2<option value=2>Page 2 of 2</select></form>", "?page=2"),
    "more": ('<a href="?start=10">More</a>', "?start=10"),
}  # fmt: skip


@pytest.mark.parametrize("name", PAGERS)
def test_a_way_to_the_next_page_is_found_and_tried(name: str) -> None:
    body, address = PAGERS[name]
    hints = report_on(body).hints
    assert hints, name
    assert hints[0].leads_to == URL + address


NO_PAGERS = {
    "a choice of sizes": "<form><select name=size><option value=1>1<option value=2>2</select></form>",
    "a choice that sends more": (
        "<form><input name=q><select name=page><option value=1>1<option value=2>2</select></form>"),
    "a choice elsewhere": "<form action=/go><select name=page><option value=1>1<option value=2>2</select></form>",
    "a choice with a gap": "<form><select name=p><option value=1>1<option value=5>5</select></form>",
    "a search": '<form action=search/><a class=button href=search/ title="Advanced Search">More...</a></form>',
    "the last page": 'Page 3 of 3 <a href="page-2">&lt; Prev</a> <a href="page-1">1</a> <a href="page-2">2</a>',
    "a question": '<form method=post enctype=multipart/form-data action=/ask><button type=button>x</button>'
                  "<input name=question><button>Next</button></form>",
    "years": '<a href="/list/2024">2024</a> <a href="/list/2023">2023</a>',
    "a calendar": "".join(f'<a href="/list/day/{day}">{day}</a>' for day in range(1, 31)),
    "the next month": '<a href="?month=2024-05">Next »</a>',
    "the next record": '<div class="post-navigation post-nav"><a href="/list/other-thing">Next →</a></div>',
    "the next record by rel": '<nav class="post-navigation"><a rel=next href="/list/other">Other thing »</a></nav>',
    "votes": "".join(f'<a href="/rate/{n}">{n}</a> ' for n in range(1, 6)),
    "versions": '<a href="/docs/2/">2</a> <a href="/docs/3/">3</a>',
    "sizes of a page": "".join(f'<a href="?size={n}">{n}</a> ' for n in (2, 4, 8)),
    "a step of a wizard": '<div class=steps><a href="step2.html">Next step</a></div>',
    "a newsletter": '<form method=post action=/sub><input type=email name=email><button>Next</button></form>',
    "the next slide": '<a class="carousel-control next" href="#slides">Next</a>',
    "a filter": '<form><select name=kind><option>a<option>b</select><input type=submit value=Go></form>',
}  # fmt: skip


@pytest.mark.parametrize("name", NO_PAGERS)
def test_what_leads_elsewhere_is_no_pager(name: str) -> None:
    assert [hint.line for hint in report_on(NO_PAGERS[name]).hints] == []


def test_two_pagers_are_both_named_and_neither_is_certain() -> None:
    hints = report_on('<a href="/new/page/2">2</a><a href="/hot/page/2">2</a>').hints
    assert [hint.line for hint in hints] == [
        'pagination = PageNumbers("/new/page/{page}")',
        'pagination = PageNumbers("/hot/page/{page}")',
    ]
    assert {hint.leads_to for hint in hints} == {""}


ON = '<a href="?page=2">Next</a>'


@pytest.mark.parametrize(
    ("text", "records"),
    [
        ("<p>1,240 results</p>" + ON, 1240),
        ("<p>1-10 of 61</p>" + ON, 61),
        ("<p>10 items of 12 cm, 61 items found</p>" + ON, None),
        ("<p>10 items</p>", 10),
        ("<p>10 items</p>" + ON, None),
        ("<p>25 job categories:</p>" + ON, None),
        ("<p>20 items per page</p>" + ON, None),
        ("<p>5 products</p>", None),
    ],
)
def test_a_total_counts_what_is_listed_and_is_not_the_pages_size(text: str, records: int | None) -> None:
    stated = report_on(text).stated
    assert (stated.records, bool(stated.total)) == (records, records is not None)


def test_an_index_with_pages_is_lists_of_lists() -> None:
    links = "".join(f"<li class=category><a href=/c/{n}>Trade {n}</a></li>" for n in range(10))
    page = page_of(f"<ol id=all>{links}</ol><ul><li class=next><a href=?page=2>Next</a></li></ul>")
    hints = studied(page, RobotsAnswer("", 404, True, None, ()), []).hints
    assert hints[0].line == 'pagination = Lists("li.category a", NextLink(), index=NextLink("li.next a"))'


def test_a_value_that_a_script_asks_with_is_looked_for() -> None:
    report = report_on(
        "<a class=year-link id=y12>2012</a><a class=year-link id=y11>2011</a>"
        '<script>function f(y){fetch("/films?ajax=1&year="+y)}</script>'
    )
    assert report.hints == []
    assert "one of the 2 values of id at a.year-link: y12, y11" in report.notes[-1]


def second(body: str, answer: str, status: int = 200) -> tuple[Report, SecondPages]:
    """Study a page, and try its hints on a second page."""
    report = report_on(body)
    headers = CaseInsensitiveDict({"Content-Type": "text/html; charset=utf-8"})
    tried = SecondPages(report.page, report.blocks, lambda url: Fetched(url, status, "", headers, answer.encode(), 0))
    report.hints[:] = tried.tried(report.hints)
    return report, tried


OTHERS = ROWS.replace("Thing number", "Other thing")


@pytest.mark.parametrize(
    ("answer", "status", "said"),
    [
        (f"<ul>{OTHERS}</ul>", 200, "it has 10 blocks, all others than here"),
        (f"<ul>{ROWS[:200]}{OTHERS}</ul>", 200, "of them as here"),
        (f"<ul>{ROWS}</ul>", 200, "it shows the same 10 blocks again"),
        ("<p>Sign in</p>", 200, "it has no block at"),
        ("", 404, "it answered 404"),
    ],
)
def test_the_second_page_is_asked_for_and_what_it_shows_is_said(answer: str, status: int, said: str) -> None:
    report, _ = second('<a href="?page=2">Next</a>', answer, status)
    assert said in report.hints[0].found


def test_a_total_that_the_second_page_does_not_confirm_is_none() -> None:
    body = '<p class=total>{} results</p><a href="?page=2">Next</a>'
    report, tried = second(body.format(61), f"<ul>{OTHERS}</ul>{body.format(61)}")
    assert tried.agreed(report.stated).records == 61
    report, tried = second(body.format(61), f"<ul>{OTHERS}</ul>{body.format(12)}")
    assert tried.agreed(report.stated).records is None


def test_a_way_that_leads_to_the_same_records_comes_last() -> None:
    report, _ = second('<a href="?page=2">Next</a><a href="/list/2">2</a><a href="/list/3">3</a>', f"<ul>{ROWS}</ul>")
    assert [bool(hint.found) for hint in report.hints] == [True, True]


@pytest.mark.parametrize(
    ("form", "purpose"),
    [
        ("<form method=post action=/sub><input type=email name=email><button>Go</button></form>", "other"),
        ("<form method=post action=/cart><input name=quantity><button>Buy</button></form>", "other"),
        ("<form method=post action=/find><input name=q><button>Go</button></form>", "search"),
        ("<form method=post action=/search.php><input name=words></form>", "search"),
        ("<form action=/find><input name=words></form>", "search"),
    ],
)
def test_a_form_that_sends_something_is_a_search_only_where_it_says_so(form: str, purpose: str) -> None:
    assert [found.purpose for found in report_on(form).forms] == [purpose]


def test_a_total_of_a_list_that_is_whole_is_told_with_its_place() -> None:
    report = report_on("<h1>Things <small>10 items</small></h1>")
    assert report.hints == []
    assert (report.as_json()["stated"]["records"], report.as_json()["stated"]["total"]) == (10, "small")
