"""`swathe newsite`: from an address to a spider that crawls, its model and its test; and what it refuses."""

from __future__ import annotations

import ast
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest
from odd_site import Answer, Asked, OddSite
from scrapy.http import HtmlResponse
from test_paging import truth
from test_probe_hints import page_of, report_on

from scraper.errors import ProbeError, UsageError
from scraper.probe.column_types import LINE, RATING, Kind, field_name, kind_of
from scraper.probe.data_columns import data_columns
from scraper.probe.data_proposal import proposed_data
from scraper.probe.html_proposal import proposed_html
from scraper.probe.new_site import NewSite
from scraper.probe.proposal import Proposal, inexact, liked
from scraper.probe.site_files import model_text, site_texts, spider_text

if TYPE_CHECKING:
    from pathlib import Path

    from practice import PracticeServer
    from pymongo.database import Database
    from support import Swathe

    from scraper.probe.page import StudiedPage

    Mongo = Database[dict[str, Any]]


@pytest.fixture
def shop(swathe: Swathe, tmp_path: Path) -> Path:
    """A project without spiders."""
    swathe("init", "shop", "--bare", cwd=tmp_path)
    return tmp_path / "shop"


def test_a_site_is_written_crawled_and_tested_without_an_edit(
    swathe: Swathe, shop: Path, site: PracticeServer, database: Mongo
) -> None:
    before = len(site.requests)
    told = swathe("newsite", f"{site.url}books/", "--name", "paper", cwd=shop).out
    asked = [request.path for request in site.requests[before:]]
    assert len(asked) <= 12
    assert len(asked) == len(set(asked))
    assert "wrote shop/spiders/paper.py" in told
    assert "Record 3" in told
    # The site has two books that nobody could store.
    assert "2 records were refused" in swathe("crawl", "paper", cwd=shop, code=3).err
    stored = {row["upc"]: row for row in database["paper"].find()}
    assert stored.keys() >= {book["upc"] for book in site.site.books}
    for book in site.site.books:
        row = stored[book["upc"]]
        assert all(row[name] == book[name] for name in ("title", "rating", "in_stock", "stock", "currency", "category"))
        assert row["price"].to_decimal() == book["price"]
    done = swathe.run([sys.executable, "-m", "pytest", "-q", "tests/test_paper.py"], cwd=shop)
    assert "1 passed" in done.out
    line = swathe("newsite", f"{site.url}books/", "--name", "paper", cwd=shop, code=2).error_line
    assert "exists already" in line


@pytest.mark.parametrize(
    ("path", "read"),
    [
        ("quotes/js/", "read_data"),
        ("quotes/scroll", "read_data"),
        ("quotes/", "read_item"),
        ("quotes/tableful/", "text, _, author"),
    ],
)
def test_every_front_end_of_the_quotes_is_crawled_whole(
    swathe: Swathe, shop: Path, site: PracticeServer, database: Mongo, path: str, read: str
) -> None:
    swathe("newsite", site.url + path, "--name", "sayings", cwd=shop)
    assert read in (shop / "shop" / "spiders" / "sayings.py").read_text()
    swathe("crawl", "sayings", cwd=shop, code=None)
    assert truth(database["sayings"].find()) == truth(site.site.quotes)


def no_fetch(url: str) -> StudiedPage:
    raise AssertionError(f"{url} was asked for")


LOGIN = "<form method=post><input name=user><input type=password name=word><button>Log in</button></form>"
NO_LISTS = {
    "no list": (
        "<h1>About us</h1><p>We make things, and have made them for long.</p>",
        "shows no list, expected three",
    ),
    "a text of paragraphs": (
        "<article><h1>About</h1>" + "".join(f"<p>Paragraph {n} {'word ' * 20}</p>" for n in range(9)) + "</article>",
        "shows paragraphs and no list",
    ),
    "a login wall": (LOGIN, "shows a login form and no list"),
    "an empty list": ("<ul class=results></ul><p>0 results</p>", "shows no list"),
    "one record": ("<ul class=results><li><a href=/1>Thing</a> <b>£5</b></li></ul>", "shows no list"),
    "one record again and again": (
        "<div class=t><h3>Thing</h3><b>£5</b></div>" * 9,
        "shows 9 elements that look alike with 1 text, such as 'Thing £5', expected records of which most differ",
    ),
    "an empty root": ("<div id=root></div><script src=/app.js></script>", "without its scripts"),
}


@pytest.mark.parametrize("name", NO_LISTS)
def test_a_page_without_a_list_is_one_clear_line(name: str) -> None:
    body, said = NO_LISTS[name]
    report = report_on(body, rows="")
    assert proposed_data(report, no_fetch) is None
    with pytest.raises(ProbeError, match=said) as fault:
        proposed_html(report, no_fetch, {})
    assert "\n" not in str(fault.value)


HEAD = '<tr><td></td><td rowspan=9><h3>Often</h3><a href="/t/1">one</a></td></tr>'
PAGER = '<tr><td></td><td><a href="?page=2">2</a></td></tr>'


@pytest.mark.parametrize(
    ("tag", "head", "beside", "behind"),
    [("td", HEAD, "", PAGER), ("th", "", "<td rowspan=9>Beside the first</td>", "")],
    ids=["a head built like the second rows", "a cell more in the first record"],
)
def test_a_record_of_two_rows_begins_with_its_first(tag: str, head: str, beside: str, behind: str) -> None:
    row = (
        '<tr><{0}>Thing number {1}</{0}>{2}</tr><tr><td><a href="/t/{1}">tag {1}</a> <a href="/t/1">other</a></td></tr>'
    )
    rows = "".join(row.format(tag, n, beside if n == 0 else "") for n in range(9))
    block = report_on(f"<table>{head}{rows}{behind}</table>", rows="").blocks[0]
    assert (block.count, block.goes_on) == (9, True)
    assert block.sample.startswith("Thing number 0 ")
    assert block.sample.endswith("tag 0 other")


@pytest.mark.parametrize(
    ("named", "said", "section"),
    [
        ("{0}", "div.left (8) may be the records as well", "<section id={0}>"),
        ("c", "#left, #right", "<section id={0}>"),
        ("c", "in 2 places of the page (8, 8): they may be several lists", "<section>"),
    ],
)
def test_of_two_equal_lists_both_are_named(named: str, said: str, section: str) -> None:
    row = f"<div class={named}><h3>{{0}} thing {{1}}</h3><p>{{1}} EUR</p></div>"
    lists = "".join(
        f"{section.format(name)}{''.join(row.format(name, n) for n in range(8))}</section>"
        for name in ("left", "right")
    )
    proposal = proposed_html(report_on(lists, rows=""), no_fetch, {})
    assert any(said in doubt for doubt in proposal.unsure), proposal.unsure


def test_a_records_page_that_is_not_had_is_a_doubt_and_no_end() -> None:
    def refuse(url: str) -> StudiedPage:
        raise ProbeError(f"{url} answered 404")

    rows = "".join(f"<div class=t><h3><a href=/t/{n}>Thing {n}</a></h3><p>{n} EUR</p></div>" for n in range(8))
    proposal = proposed_html(report_on(rows, rows=""), refuse, {})
    assert (proposal.count, proposal.link) == (8, "")
    assert sum("answered 404" in doubt for doubt in proposal.unsure) == 5


HEADINGS = "<tr><th>Station</th><th>Water level (m)</th><th>Measured at:</th></tr>"
STATION = "<tr{1}><td>Weir {0}</td><td>{0}.25</td><td>{0} May 2026</td></tr>"
NAMED, UNNAMED = ["station", "water_level_m", "measured_at"], ["text", "number", "date"]


@pytest.mark.parametrize(
    ("head", "row", "names"),
    [
        (HEADINGS, STATION, NAMED),
        (f"<thead>{HEADINGS}</thead>", STATION, NAMED),
        (f"<thead>{HEADINGS.replace('th>', 'td>')}</thead>", STATION, NAMED),
        (HEADINGS.replace("<th>", "<th scope=col>").replace("<th scope=col>", "<td scope=col>", 1), STATION, NAMED),
        (HEADINGS, STATION.replace("<td>", "<td class=right>", 1), NAMED),
        (HEADINGS, STATION.replace("<td>Weir {0}</td>", "<td><b>Weir {0}</b></td>"), NAMED),
        (HEADINGS.replace("<th>", "<th rowspan=2>", 1) + "<tr><th>m</th><th>when</th></tr>", STATION, UNNAMED),
        (HEADINGS.replace("<th>", "<th colspan=2>", 1), STATION, UNNAMED),
        (HEADINGS.replace("<th>Station</th>", ""), STATION, UNNAMED),
        (f"<thead>{HEADINGS}{HEADINGS}</thead>", STATION, UNNAMED),
        (HEADINGS, STATION + "<tr><td colspan=3>a note</td></tr>", UNNAMED),
        (HEADINGS.replace("Station", "word " * 20), STATION, [UNNAMED[0], *NAMED[1:]]),
    ],
)
def test_a_table_s_headings_name_its_columns_where_no_cell_spans_others(head: str, row: str, names: list[str]) -> None:
    rows = "".join(row.format(number, "") for number in range(1, 10))
    proposal = proposed_html(report_on(f"<table>{head}{rows}</table>", rows=""), no_fetch, {})
    assert [column.name for column in proposal.columns] == names


def test_two_tables_with_other_headings_name_no_column() -> None:
    rows = "".join(STATION.format(number, "") for number in range(1, 10))
    other = HEADINGS.replace("Station", "Gauge")
    page = f"<table>{HEADINGS}{rows}</table><table>{other}{rows.replace('Weir', 'Lock')}</table>"
    proposal = proposed_html(report_on(page, rows=""), no_fetch, {})
    names = [column.name for column in proposal.columns]
    assert "water_level_m" in names
    assert not {"station", "gauge"} & set(names)


OFFER = "<div class=t><h3>Thing {0}</h3><i class=low>from £{0}.00</i>{1}</div>"


@pytest.mark.parametrize(
    ("value", "exact", "found", "said"),
    [
        ("£5.00", True, "b.now::text", ""),
        ("£5.00", False, "i.low::text", "price: no text is '£5.00', and 'from £5.00' has it in it"),
        ("from £5.00", True, "i.low::text", ""),
    ],
)
def test_a_value_is_that_of_the_text_that_it_is_all_of(value: str, *, exact: bool, found: str, said: str) -> None:
    rows = "".join(
        OFFER.format(n, f"<b class=now>£{n + 4 if n > 5 else 6 - n}.00</b>" if exact else "") for n in range(1, 10)
    )
    columns = proposed_html(report_on(rows, rows=""), no_fetch, {"price": value}).columns
    price = next(column for column in liked(columns, {"price": value}) if column.name == "price")
    assert price.selector.replace(" ", "") == found
    assert inexact(columns, {"price": value}) == ([said] if said else [])


@pytest.mark.parametrize("value", ["5.0", "£5", "5", "hing 5", "£5.00 "])
def test_a_value_is_no_part_of_a_word_or_number(value: str) -> None:
    rows = "".join(OFFER.format(f"1{n}", "") for n in range(1, 10)) + OFFER.format(15, "")
    with pytest.raises(UsageError, match="no field of the records has that value"):
        liked(proposed_html(report_on(rows, rows=""), no_fetch, {}).columns, {"price": value})


STORY = ("maker", "colour", "origin", "story")


def listed(entry: str, own: str = "", like: dict[str, str] | None = None) -> Proposal:
    """Return the proposal for eight entries with the own pages of their things, each `{}` their number."""

    def fetch(url: str) -> StudiedPage:
        number = int(url.rpartition("/")[2])
        facts = "".join(f"<p class={name}>{name} of {number}</p>" for name in STORY)
        return page_of(f"<main><h1>Thing {number}</h1>{facts}{own.format(number)}</main>", url)

    rows = "".join(f"<li class=t><a href=/t/{n}>Thing {n}</a> {entry.format(n)}</li>" for n in range(8))
    return proposed_html(report_on(f"<ul>{rows}</ul>", rows=""), fetch, like or {})


def test_what_the_list_alone_shows_is_taken_along() -> None:
    proposal = listed("<b class=votes>{} votes</b>")
    assert proposal.link == "a"
    (votes,) = [column for column in proposal.columns if column.listed]
    assert (votes.name, votes.selector) == ("votes", "b.votes::text")
    assert [row[0] for row in votes.values] == [f"{place} votes" for place in proposal.places]
    text = spider_text(NewSite("things", "http://things.example/", "list"), proposal)
    ast.parse(text)
    assert '            "votes": first(item, "b.votes::text"),\n' in text
    assert "def read_page(self, page: Any, votes: Any = None) -> Iterator[Any]:" in text
    assert "            votes=votes,\n" in text


CONTRADICTIONS = {
    "other values under one name": ("<b class=price>£{}.00</b>", "<b class=price>£1{}.00</b>", ["price: '£0.00' in"]),
    "the same value": ("<b class=cost>£{}.00</b>", "<b class=price>GBP {}</b>", []),
    "a text that is cut off": ("<p class=teaser>story ...</p>", "", []),
    "a smaller picture": ("<img src=/small/{}.jpg>", "<img src=/large/{}.jpg>", []),
}


@pytest.mark.parametrize("name", CONTRADICTIONS)
def test_what_the_own_page_shows_is_read_there_and_a_contradiction_is_named(name: str) -> None:
    entry, own, said = CONTRADICTIONS[name]
    proposal = listed(entry, own)
    assert [column.name for column in proposal.columns if column.listed] == []
    named = [doubt for doubt in proposal.unsure if "on the record's own page" in doubt]
    assert [doubt.startswith(words) for doubt, words in zip(named, said, strict=True)] == [True] * len(said), named


def test_one_field_that_differs_in_one_record_is_not_taken_for_another() -> None:
    def fetch(url: str) -> StudiedPage:
        number = int(url.rpartition("/")[2])
        facts = "".join(f"<p class={name}>{name} of {number}</p>" for name in STORY)
        price = number if number else 77
        return page_of(f"<main><h1>Thing {number}</h1>{facts}<b class=price>£{price}.00</b></main>", url)

    rows = "".join(f"<li class=t><a href=/t/{n}>Thing {n}</a> <b class=cost>£{n}.00</b></li>" for n in range(8))
    proposal = proposed_html(report_on(f"<ul>{rows}</ul>", rows=""), fetch, {})
    assert [column.name for column in proposal.columns if column.listed] == []
    assert any(doubt.startswith("price: '£0.00' in the list (b.cost::text) is '£77.00'") for doubt in proposal.unsure)


def test_what_the_list_alone_shows_is_crawled_and_tested_without_an_edit(
    swathe: Swathe, shop: Path, database: Mongo
) -> None:
    votes = {number: 3 * number for number in range(1, 13)}

    def answer(asked: Asked) -> Answer:
        if asked.path == "/":
            rows = "".join(
                f"<li class=t><a href=/t/{n}>Thing {n}</a> <b class=votes>{votes[n]} votes</b>"
                f"<i class=by>Ann Nr {n} | {n} kg</i></li>"
                for n in votes
            )
            return Answer(f"<html><body><ul>{rows}</ul></body></html>")
        if asked.etag:
            return Answer(status=304)
        number = asked.path.rpartition("/")[2]
        facts = "".join(f"<p class={name}>{name} of {number}</p>" for name in (*STORY, "form", "smell"))
        return Answer(f"<html><body><h1>Thing {number}</h1>{facts}</body></html>", headers={"ETag": '"same"'})

    with OddSite(answer) as site:
        told = swathe("newsite", site.url, "--name", "things", cwd=shop).out
        assert "b.votes::text (in the list)" in " ".join(told.split())
        for _ in range(2):
            swathe("crawl", "things", cwd=shop, code=None)
            stored = {int(row["title"].split()[1]): (row["votes"], row["story"]) for row in database["things"].find()}
            assert stored == {n: (votes[n], f"story of {n}") for n in votes}
            votes[5] = 1000
    done = swathe.run([sys.executable, "-m", "pytest", "-q", "tests/test_things.py"], cwd=shop)
    assert "1 passed" in done.out


def test_a_page_that_several_records_lead_to_is_no_record_s_own() -> None:
    rows = "".join(f"<li class=t><b>Thing {n}</b> <a href=/by/{n % 2}>Ann</a> <i>{n} EUR</i></li>" for n in range(8))
    proposal = proposed_html(report_on(f"<ul>{rows}</ul>", rows=""), no_fetch, {})
    assert proposal.link == ""


def test_like_names_fields_by_values_that_a_person_sees() -> None:
    report = report_on("")
    proposal = proposed_html(report, no_fetch, {"what": "Thing number 3", "cost": "3 €"})
    assert [column.name for column in liked(proposal.columns, {"what": "Thing number 3", "cost": "3 €"})][:2] == [
        "what",
        "cost",
    ]
    with pytest.raises(UsageError, match="no field of the records has that value"):
        liked(proposal.columns, {"what": "Nothing of the kind"})


def test_hostile_names_stay_text() -> None:
    evil = 'x");import os#'
    body = "".join(
        f"<div class='{evil}' id='{evil}{n}'><h3>Thing {n}</h3><p itemprop='{evil}'>{n} EUR</p></div>" for n in range(9)
    )
    proposal = proposed_html(report_on(body, rows=""), no_fetch, {})
    assert all(column.name.isidentifier() for column in proposal.columns)
    page = HtmlResponse("http://x/", body=page_of(body).text.encode())
    assert len(page.css(proposal.items)) == 9


CALLED = {
    *("SiteSpider", "ThingsSpider", "StringField", "Decimal128Field", "IntField", "ListField", "DateTimeField"),
    *("first", "texts", "each", "list", "range", "HtmlResponse", "Path", "records_of", "clean", "validate", "len"),
}
"""What the files of a site call."""


@pytest.mark.parametrize(
    "evil",
    [
        '"; import os #',
        "'''+x+'''",
        "\\",
        '\\";x=1#',
        '"""\nraise SystemExit\n"""',
        "{x} %s ${y}",
        "\u202e",
        "\n    x=1",
        "</script>",
        "\x1b[31m",
    ],
)
def test_hostile_classes_labels_and_titles_stay_text(evil: str) -> None:
    shown = evil.replace("&", "&amp;").replace("<", "&lt;").replace("'", "&#39;").replace("\x1b", "")
    rows = "".join(
        f"<li class='{shown}'><h3 title='{shown}' class='{shown}'>{shown} {n}</h3><b itemprop='{shown}'>£{n}.00</b>"
        f"<dl><dt>{shown}:</dt><dd>d{n}</dd></dl><p>Z{shown}: {n}x</p>"
        f"<p class='a{shown}'>{chr(97 + n)} | {shown}{n}</p></li>"
        for n in range(12)
    )
    proposal = proposed_html(report_on(f"<ul>{rows}</ul>", rows=""), no_fetch, {})
    assert len(proposal.columns) >= 2
    site = NewSite("things", "http://things.example/", "list")
    for text in site_texts(site, proposal).values():
        if text.startswith('"""'):
            tree = ast.parse(text)
            calls = {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and hasattr(node.func, "id")}
            assert calls <= CALLED
            assert not [node for node in ast.walk(tree) if isinstance(node, ast.Raise)]
            imported = {node.names[0].name for node in ast.walk(tree) if isinstance(node, ast.Import)}
            assert imported <= {"json"}


@pytest.mark.parametrize("name", ["raise", "async", "match", "update", "to_json", "cleaners", "objects", "run"])
def test_a_field_is_not_called_like_what_python_and_documents_have(name: str) -> None:
    assert field_name(name) == f"{name}_"


def test_a_link_that_is_no_address_is_no_record_s_own_page() -> None:
    rows = "".join(f"<li class=t><a href='http://[bad{n}'>Thing {n}</a> <i>{n} EUR</i></li>" for n in range(8))
    assert proposed_html(report_on(f"<ul>{rows}</ul>", rows=""), no_fetch, {}).link == ""


def test_the_terms_of_a_definition_list_are_its_records_titles() -> None:
    rows = "".join(f"<dt>{chr(97 + n) * 5}</dt><dd>The {n} meaning of it</dd>" for n in range(14))
    columns = proposed_html(report_on(f"<dl>{rows}</dl>", rows=""), no_fetch, {}).columns
    assert [row[0] for row in next(column for column in columns if column.name == "title").values[:2]] == [
        "aaaaa",
        "bbbbb",
    ]
    assert any(column.values[2] == ("The 2 meaning of it",) for column in columns)


def test_the_key_is_unique_as_it_is_stored() -> None:
    rows = "".join(f"<li class=t><b class=size>size {n % 2}</b> <i class=cost>£{n}</i></li>" for n in range(14))
    columns = proposed_html(report_on(f"<ul>{rows}</ul>", rows=""), no_fetch, {}).columns
    assert {column.name for column in columns} >= {"cost", "currency"}
    assert not any(column.key for column in columns)


@pytest.mark.parametrize(("day", "said"), [("0{0}/0{1}/2026", 1), ("{2}/0{1}/2026", 0), ("0{0}/0{0}/2026", 0)])
def test_days_that_may_be_months_are_named(day: str, said: int) -> None:
    rows = "".join(
        f"<li class=t><h3>Thing {n}</h3> <time>{day.format(n, n % 4 + 1, n + 12)}</time></li>" for n in range(1, 9)
    )
    proposal = proposed_html(report_on(f"<ul>{rows}</ul>", rows=""), no_fetch, {})
    assert sum("may be month and day" in doubt for doubt in proposal.unsure) == said


def test_elements_one_in_another_are_looked_at_in_bounded_time() -> None:
    rows = "".join(f"<li class=c><h3>Thing {n}</h3><i>{n} EUR</i></li>" for n in range(12))
    begun = time.process_time()
    assert report_on(f"{'<div>' * 3000}<ul>{rows}</ul>{'</div>' * 3000}", rows="").blocks == []
    assert time.process_time() - begun < 15


NO_NUMBERS = {
    "places": ["01067", "10115", "80331"], "telephones": ["0049 30 1", "0049 30 22", "0049 30 333"],
    "houses": ["12", "12b", "14a"], "versions": ["1.2.0", "1.10.0", "2.0.1"], "scores": ["1:0", "2:2", "0:3"],
}  # fmt: skip


@pytest.mark.parametrize(("values", "kind"), [(["star-rating Two"] * 3, RATING), (["stars s1", "stars s2"], LINE)])
def test_classes_are_a_rating_where_they_say_one(values: list[str], kind: Kind) -> None:
    assert kind_of(values, "class") is kind


@pytest.mark.parametrize("name", NO_NUMBERS)
def test_what_looks_like_a_number_and_is_none_stays_text(name: str) -> None:
    assert kind_of(NO_NUMBERS[name]) is LINE


@pytest.mark.parametrize(
    "inner", ["<ins class=adsbygoogle>Buy <b>gold</b></ins>", "<div><p class=sponsored>Buy <b>gold</b></p></div>"]
)
def test_an_advertisement_that_fills_an_entry_is_none_of_the_records(inner: str) -> None:
    rows = "".join(
        f"<li class=item><a href=/{n}>Lamp {n}</a> <b class=price>£{n}.00</b></li>"
        + (f"<li class=item>{inner}</li>" if n % 4 == 3 else "")
        for n in range(14)
    )
    report = report_on(f"<ul>{rows}</ul>", rows="")
    assert report.blocks[0].count == 14


def test_numbers_and_truths_of_data_are_fields_without_a_cleaner() -> None:
    columns = data_columns([{"id": n, "share": n / 2, "new": n > 4, "name": f"N{n}"} for n in range(12)]).columns
    model = model_text(NewSite.checked("numbers", "http://x/", "list"), columns)
    assert "    id_ = IntField(required=True)\n" in model
    assert "    share = FloatField(required=True)\n    new = BooleanField(required=True)\n" in model
    compile(model, "<model>", "exec")


@pytest.mark.parametrize("evil", ["it'+print()+'", 'it"+print()+"', "it\\", "it's\n"])
def test_hostile_keys_of_data_stay_text(evil: str) -> None:
    """What a site calls a key is written into the spider, and never run."""
    rows = [{evil: f"Thing {n}", "by": {evil: n, "also": None}} for n in range(9)]
    for column in data_columns(rows).columns:
        calls = [node.func for node in ast.walk(ast.parse(column.selector)) if isinstance(node, ast.Call)]
        assert {call.attr for call in calls if isinstance(call, ast.Attribute)} == {"get"}
        assert all(isinstance(call, ast.Attribute) for call in calls)
        assert eval(column.selector, {"data": rows[3]}) in (rows[3][evil], 3)
