"""The account that is given of a list, for small sites with one fault each and for sound ones, read without a crawl."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest
from scrapy.http import HtmlResponse

from scraper.paging import NextForm, NextLink, PageNumbers, Pagination, Postback
from scraper.paging.account import account_for
from scraper.paging.chain import Chain
from scraper.paging.entries import text_hash
from scraper.paging.facts import ListEvent, facts_of
from scraper.paging.kind import ListPage
from scraper.select import each

if TYPE_CHECKING:
    from collections.abc import Callable

    from scraper.paging.account import Account
    from scraper.paging.ask import Ask

PAGES, ROWS = 6, 10
START = "http://shop.example/list"


def row(number: int, place: int) -> str:
    return f"<li class=item><b>Thing {number}-{place}</b></li>"


def shown(rows: list[str], more: str, title: str = "Things") -> str:
    things = f"<h1>All things</h1><ul class=things>{''.join(rows)}</ul>"
    return f"<html><title>{title}</title><body>{things}{more}</body></html>"


def rows_of(number: int) -> list[str]:
    return [row(number, place) for place in range(ROWS)] if number <= PAGES else []


def next_link(number: int, to: int | None = None) -> str:
    return f'<a class=next href="?page={to or number + 1}">Next</a>' if number < PAGES else ""


def next_form(number: int, to: int | None = None) -> str:
    hidden = f"<input type=hidden name=page value={to or number + 1}>"
    return f"<form class=next method=post>{hidden}<button>Next</button></form>" if number < PAGES else ""


def postback(number: int, to: int | None = None) -> str:
    call = f"javascript:__doPostBack('pager','{to or number + 1}')"
    link = f'<a href="{call}">{number + 1}</a>' if number < PAGES else ""
    return f"<form method=post><input type=hidden name=__EVENTARGUMENT>{link}</form>"


def nothing(number: int, to: int | None = None) -> str:
    return ""


KINDS = [
    (NextLink("a.next"), next_link),
    (NextForm("form.next"), next_form),
    (Postback("form a"), postback),
    (PageNumbers("?page={page}"), nothing),
]


def read(site: Callable[[int], str | None], kind: Pagination) -> Account:
    """Read a list whose pages a function of their number answers; None for a page that does not exist."""
    chain = Chain(START, kind, 8, 1)
    asks = [kind.first(START)]
    chain.begin(asks[0])
    while asks:
        ask = asks.pop(0)
        html = site(number_of(ask))
        if html is None:
            missing = chain.may_be_absent(ask.number, missing=True)
            asks += chain.is_absent(ask.number) if missing else chain.failed_to_read(ask.number, "answered 404")
            continue
        page = ListPage(HtmlResponse(ask.url, body=html.encode(), encoding="utf-8"), kind, ask.number, ask.state)
        page.entries_found = each(page.response, "li.item")
        facts = facts_of(page, [text_hash(one) for one in page.entries_found], "html", without_record=0, end=None)
        event = ListEvent(list=START, number=ask.number, what="read", facts=facts)
        told = ListEvent.from_json(json.loads(json.dumps(event.to_json()))).facts
        assert told is not None
        asks += chain.take(ask.number, told)
    return account_for(chain)


def number_of(ask: Ask) -> int:
    sent = parse_qs(urlsplit(ask.url).query) | parse_qs(ask.body)
    return int((sent.get("page") or sent.get("__EVENTARGUMENT") or ["1"])[-1])


@pytest.mark.parametrize(("kind", "more"), KINDS)
def test_a_sound_list_has_nothing_against_it(kind: Pagination, more: Callable[..., str]) -> None:
    none, not_found = shown([], "<p>No things were found"), shown([], "<p>Page not found", "Not found")
    for beyond in (None, shown([], ""), none, not_found):
        account = read(lambda n: shown(rows_of(n), more(n)) if n <= PAGES else beyond, kind)  # noqa: B023
        assert (account.gaps, account.doubts) == ([], []), beyond


WALLS = [
    ("<html><body><h1>Are you a robot?</h1></body></html>", "shows a captcha"),
    (shown([], "<p>Your session has expired"), "says that the session is over"),
    (shown([], "<form><input name=user><input type=password name=word></form>"), "asks for a password"),
    (shown([], "<p>Please sign in to see more"), "asks to log in"),
    ("<html><title>Welcome</title><body><div id=start>Hello</div></body></html>", "has another title ('welcome')"),
    ("<html><title>Things</title><body><h1>All things</h1><p>Hello", "has nothing that could hold entries"),
    (shown([], "<p>Something went wrong, try again later"), "says that something failed"),
]


@pytest.mark.parametrize(("kind", "more"), KINDS)
@pytest.mark.parametrize(("wall", "what"), WALLS)
def test_another_page_in_the_place_of_a_list_s_is_no_end(
    kind: Pagination, more: Callable[..., str], wall: str, what: str
) -> None:
    account = read(lambda n: shown(rows_of(n), more(n)) if n < 3 else wall, kind)
    assert account.gaps == []
    assert len(account.doubts) == 1
    assert account.doubts[0].endswith(f"shows no entry and {what}")


@pytest.mark.parametrize(("kind", "more"), KINDS[:3])
def test_a_page_that_is_linked_to_and_empty_is_an_end_only_behind_a_short_one(
    kind: Pagination, more: Callable[..., str]
) -> None:
    for empty in ("", shown([], "")):
        account = read(lambda n: shown(rows_of(n), more(n)) if n < 3 else empty, kind)  # noqa: B023
        assert (len(account.gaps), len(account.doubts)) == (0, 1), account
    short = read(lambda n: shown(rows_of(n)[: 4 if n == 2 else 10], more(n)) if n < 3 else shown([], ""), kind)
    assert (short.gaps, short.doubts) == ([], [])


def test_a_second_page_that_shows_the_first_one_again_is_said_to_show_nothing_new() -> None:
    (doubt,) = read(lambda n: shown(rows_of(1), next_link(1)), NextLink("a.next")).doubts
    assert "page 2 (/list?page=2) is linked to and shows no new record" in doubt


def test_a_login_form_on_every_page_is_none_in_the_place_of_one() -> None:
    form = "<form><input type=password name=word></form><p>Please log in to buy"
    account = read(lambda n: shown(rows_of(n), next_link(n) + form) if n < 6 else shown([], form), NextLink("a.next"))
    assert "asks for a password" not in " ".join(account.doubts)


def test_short_pages_a_skipped_one_and_overlaps_are_doubts() -> None:
    def doubt(site: Callable[[int], str | None]) -> str:
        account = read(site, NextLink("a.next"))
        assert (len(account.gaps), len(account.doubts)) == (0, 1), account
        return account.doubts[0]

    two_short = doubt(lambda n: shown(rows_of(n)[: 6 if n in (2, 4) else 10], next_link(n)))
    assert two_short == "page 2 (/list?page=2) shows 6 records, the other pages 10, and so 1 more"
    half = doubt(lambda n: shown(rows_of(n)[: 6 if n in (2, 3, 5) else 10], next_link(n)))
    assert half == "page 2 (/list?page=2) shows 6 records, the other pages 10, and so 2 more"
    skipping = doubt(lambda n: shown(rows_of(n), next_link(n, 5 if n == 3 else None)))
    assert skipping == "page 3 (/list?page=3) leads on to /list?page=5: is a page left out between them?"
    posted = read(lambda n: shown(rows_of(n), next_form(n, 5 if n == 3 else None)), NextForm("form.next"))
    assert posted.doubts == ["page 3 (/list) leads on to /list?page=5: is a page left out between them?"]
    overlap = doubt(lambda n: shown(rows_of(3)[:5] + rows_of(4)[5:] if n == 4 else rows_of(n), next_link(n)))
    assert overlap.startswith("page 4 (/list?page=4) shows 5 records of the pages before it again")


def test_a_list_that_is_left_though_its_last_page_says_that_there_are_more_is_a_doubt() -> None:
    pages, more = PageNumbers("?page={page}", more="p.more"), "<p class=more>More"
    assert read(lambda n: shown(rows_of(n), more * (n < PAGES)), pages).doubts == []
    (doubt,) = read(lambda n: shown(rows_of(min(n, 3)), more), pages).doubts
    assert doubt == "the list /list: page 5 says that there are more, and nothing new came"


def test_a_page_without_the_closing_tag_of_the_others_was_cut() -> None:
    def doubts(*cut: int, whole: str = "") -> list[str]:
        def site(number: int) -> str:
            html = shown(rows_of(number), next_link(number))
            # What breaks off behind its seventh row has no link to the next page.
            return html[: html.index("<li", html.index("-6<"))] if number in cut else html + whole

        return read(site, NextLink("a.next")).doubts

    lacks = "lacks the closing tag that the other pages have: cut off?"
    assert f"page 4 (/list?page=4) {lacks}" in doubts(4)
    assert f"page 6 (/list?page=6) {lacks}" in doubts(6)
    assert "lack the closing tag" in " ".join(doubts(5, 6))
    assert doubts(whole="<!-- served in 3 ms -->") == []


def test_pages_without_closing_tags_throughout_and_pieces_of_pages_are_none_that_were_cut() -> None:
    assert read(lambda n: shown(rows_of(n), next_link(n)).replace("</html>", ""), NextLink("a.next")).doubts == []

    def pieces(number: int) -> str:
        html = shown(rows_of(number), next_link(number))
        return html if number == 1 else html.replace("<html>", "").replace("</html>", "")

    assert read(pieces, NextLink("a.next")).doubts == []


def test_records_that_every_page_shows_or_that_moved_along_are_no_overlap() -> None:
    pinned = read(lambda n: shown([row(0, 1), row(0, 2), row(0, 3), *rows_of(n)], next_link(n)), NextLink("a.next"))
    moved = read(
        lambda n: shown([*rows_of(n - 1)[-1:], *rows_of(n)[:9]], next_link(n)) if n <= PAGES else None,
        NextLink("a.next"),
    )
    assert (pinned.doubts, moved.doubts) == ([], [])


LEADS = {
    "plain": '<p>60 results</p><a href="?page={to}">Next</a>',
    "numbers": '<b>1</b> <a href="?page=2">2</a> <a href="?page=3">3</a>',
    "chinese": '<a href="?page={to}">下一页</a>',
    "picture": '<a href="?page={to}" title="Next Page"><img src="n.gif"></a>',
    "button": "<button onclick=\"location.href='?page={to}'\">Next</button>",
    "script": '<a class="on" href="#" onclick="show({to})">Next</a>',
    "more": '<button class="load-more" data-page="{to}">Load more</button>',
    "stated": "<p>Page 1 of 6</p>",
}


@pytest.mark.parametrize("lead", LEADS)
def test_a_list_that_seems_to_be_one_page_is_held_against_what_leads_on(lead: str) -> None:
    def site(number: int) -> str:
        return shown(rows_of(number), LEADS[lead].format(to=number + 1) if number < PAGES else "")

    for kind in (NextLink(), NextLink("a.none"), PageNumbers("?seite={page}"), Postback("a.none")):
        account = read(site, kind)
        assert account.gaps == []
        assert any(line.startswith("the list /list is one page (") for line in account.doubts), (kind, account)
    assert read(site, Pagination()).doubts == [], "who declares one page has looked"


def test_a_link_to_the_page_itself_by_its_number_leads_nowhere() -> None:
    def doubts(to: str) -> list[str]:
        link = f'<a rel=next href="{to}">Next</a>'
        return read(lambda n: shown(rows_of(1), link) if n == 1 else None, PageNumbers("?page={page}")).doubts

    assert doubts("?page=1") == []
    assert len(doubts("?page=7")) == 1


def test_the_link_that_leads_on_from_where_a_list_seems_to_end_is_named() -> None:
    def renamed(number: int) -> str:
        return shown(rows_of(number), next_link(number).replace("next", "on") if number > 2 else next_link(number))

    lost = "page 3 (/list?page=3) leads no further (no next link), though page 4 exists"
    assert lost in read(renamed, NextLink("a.next")).doubts
    account = read(lambda n: shown(rows_of(n), '<a class=on href="?after=z">Next</a>'), NextLink("a.next"))
    assert account.doubts == ["the list /list is one page (no next link), but the link 'Next' leads to /list?after=z"]
