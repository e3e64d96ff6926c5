"""XML that sites publish: what browsers forgive is read right, what was lost is a gap."""

from __future__ import annotations

import gzip
import time
from typing import TYPE_CHECKING, Any

import pytest
from odd_site import Answer, Asked, OddSite, crawled, names, thing
from scrapy.http import Response

from scraper.paging import Feed, Sitemap
from scraper.paging.xml_documents import xml_document

if TYPE_CHECKING:
    from pymongo.database import Database
    from support import Swathe

    Mongo = Database[dict[str, Any]]

SPACE = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
XML = '<?xml version="1.0" encoding="UTF-8"?>'
ONE = "<url><loc>http://h/1</loc></url>"
BROKEN, STRAY = "is broken XML, of which a part may be missing: ", "has text between its entries, where some may be"


def answer(body: str | bytes, kind: str = "application/xml") -> Response:
    return Response("http://h/s", body=body.encode() if isinstance(body, str) else body, headers={"Content-Type": kind})


def read(body: str | bytes, kind: str = "application/xml") -> tuple[list[str], str]:
    _, entries, fault = Sitemap().parsed(answer(body, kind))
    return [entry["loc"] for entry in entries], fault


@pytest.mark.parametrize(
    ("body", "locs"),
    [
        (f"{XML}<urlset {SPACE}>{ONE}</urlset><!-- made in 0.1 s -->\n", ["http://h/1"]),
        (f"\ufeff\n\n{XML}<urlset>{ONE}</urlset>", ["http://h/1"]),
        ("<urlset><url><loc>http://h/?a=1&id=5&copy=2&amp;b=3</loc></url></urlset>", ["http://h/?a=1&id=5&copy=2&b=3"]),
        ("<urlset><url><loc>\n http://h/a&nbsp;b&foo;&#38;&#x41; </loc></url></urlset>", ["http://h/a\xa0b&foo;&A"]),
        ("<urlset><url><loc><![CDATA[http://h/?a&b=<]]></loc></url></urlset>", ["http://h/?a&b=<"]),
        ("<urlset><url><loc>http://h/a\x0b\x00b&#8;</loc></url></urlset>", ["http://h/ab"]),
        (
            "<urlset><url><image:image><image:loc>http://h/i.png</image:loc></image:image><image:loc>http://h/j.png"
            "</image:loc><loc>http://h/1</loc><video:loc>http://h/v</video:loc></url></urlset>",
            ["http://h/1"],
        ),
        (
            f"<s:urlset xmlns:s='{SPACE}' xmlns='http://i/'><s:url><s:loc>http://h/1</s:loc><loc>http://h/2</loc>"
            "</s:url></s:urlset>",
            ["http://h/1"],
        ),
        ("<urlset><url><priority>1</priority></url></urlset>", []),
        ("<urlset/>", []),
    ],
)
def test_what_browsers_forgive_is_read_right(body: str, locs: list[str]) -> None:
    assert read(body) == (locs, "")
    assert read(gzip.compress(body.encode())) == (locs, "")


@pytest.mark.parametrize(
    ("body", "locs", "fault"),
    [
        (f"{XML}<urlset>{ONE}<url><loc>http://h/1", ["http://h/1"], BROKEN + "Premature end of data in tag loc"),
        (f"{XML}<urlset>{ONE}", ["http://h/1"], BROKEN + "Premature end of data in tag urlset"),
        (f"<urlset>{ONE}<url><lo", ["http://h/1"], BROKEN),
        (f"<urlset>{ONE}</urlset><urlset>{ONE}</urlset>", ["http://h/1"], BROKEN + "Extra content at the end"),
        (f"<urlset>{ONE}<br />\n<b>Fatal error</b>: out of memory<br />{ONE}</urlset>", ["http://h/1"] * 2, STRAY),
        (f"<urlset>{ONE}<br>\n<b>Fatal error</b>: out of memory<br></urlset>", ["http://h/1"], BROKEN),
        (f"<urlset>{ONE}<url><loc>http://h/2</url></urlset>", ["http://h/1", "http://h/2"], BROKEN),
        (f"<urlset>{ONE}</urlset>Warning: mysqli_close()", ["http://h/1"], BROKEN),
    ],
)
def test_what_a_parser_recovers_from_is_a_fault(body: str, locs: list[str], fault: str) -> None:
    assert (read(body)[0], read(body)[1][: len(fault)]) == (locs, fault)


@pytest.mark.parametrize(
    ("encoding", "kind", "declared"),
    [
        ("cp1251", "application/xml; charset=windows-1251", ""),
        ("cp1251", "text/xml", '<?xml version="1.0" encoding="windows-1251"?>'),
        ("cp1251", "text/xml; charset=windows-1251", '<?xml version="1.0" encoding="utf-8"?>'),
        ("utf-16", "text/xml; charset=iso-8859-1", '<?xml version="1.0" encoding="utf-16"?>'),
        ("utf-16-be", "text/xml; charset=utf-16be", '<?xml version="1.0"?>'),
        ("utf-8", "text/xml; charset=no-such", '<?xml version="1.0"?>'),
    ],
)
def test_a_charset_is_that_of_the_mark_the_header_or_the_document(encoding: str, kind: str, declared: str) -> None:
    feed = f"{declared}<rss version='2.0'><channel><item><title>Война и мир</title></item></channel></rss>"
    parsed, fault = Feed().parsed(answer(feed.encode(encoding), kind))
    assert ([entry.title for entry in parsed.entries], fault) == (["Война и мир"], "")


def test_a_wrong_byte_costs_one_character() -> None:
    wrong = "<urlset><url><loc>http://h/é".encode() + b"\xff</loc></url></urlset>"
    assert read(wrong) == (["http://h/é\ufffd"], "")


@pytest.mark.parametrize(
    ("feed", "titles", "fault"),
    [
        (
            "<item><title>A & B &eacute;</title></item><item><dc:date>2026</dc:date><title>C</title></item>",
            ["A & B é", "C"],
            "",
        ),
        ("<item><title>A</title></item><item><title>B", ["A"], BROKEN),
        ("<item><title>A</title></item>Fatal error: out of memory", ["A"], STRAY),
        ("", [], ""),
    ],
)
def test_a_feed_says_what_it_lost(feed: str, titles: list[str], fault: str) -> None:
    end = "" if "<title>B" in feed else "</channel></rss>"
    parsed, said = Feed().parsed(answer(f"{XML}<rss version='2.0'><channel>{feed}{end}"))
    assert ([entry.title for entry in parsed.entries], said[: len(fault)]) == (titles, fault)
    assert bool(said) == bool(fault)


@pytest.mark.parametrize(
    "body", ["<html><p>Not found", "", "\x00\x01", "{}", "<sitemap><loc>http://h/</loc></sitemap>"]
)
def test_what_is_no_sitemap_is_none(body: str) -> None:
    assert Sitemap().parsed(answer(body)) == ("", [], "")


def test_no_document_takes_time_or_memory_beyond_its_size() -> None:
    started = time.process_time()
    for piece in ("<![CDATA[", "<!--", "<!DOCTYPE", "<!DOCTYPE x [", "&", "&#", "&a", "<a "):
        xml_document(answer(""), (piece * 50_000).encode())
    bomb = '<!DOCTYPE x [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><urlset><url><loc>http://h/&b;</loc></url></urlset>'
    assert read(bomb) == (["http://h/&b;"], "")
    outside = '<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/hostname">]><urlset><url><loc>&f;</loc></url></urlset>'
    assert read(outside) == (["&f;"], "")
    assert time.process_time() - started < 20


@pytest.mark.parametrize("cut", [80, 9, 1])
def test_after_a_sitemap_with_a_gap_nothing_is_gone(swathe: Swathe, database: Mongo, cut: int) -> None:
    state = {"left": 0}

    def given(asked: Asked) -> Answer | str:
        if asked.path == "/index.xml":
            return Answer(
                f"<sitemapindex><sitemap><loc>{site.url}sitemap.xml</loc></sitemap></sitemapindex>", kind="text/xml"
            )
        if asked.path == "/sitemap.xml":
            listed = "".join(f"<url><loc>{site.url}item/{name[-2:]}</loc></url>" for name in names(1, 5))
            whole = f"{XML}<urlset {SPACE}>{listed}</urlset>"
            return Answer(whole[: len(whole) - state["left"]], kind="text/xml")
        return thing(asked.path)

    with OddSite(given) as site:
        start = f"{site.url}{'index.xml' if cut == 80 else ''}"
        assert crawled(swathe, database, "mapped", start) == (names(1, 5), "complete", [])
        state["left"] = cut
        _, verdict, reasons = crawled(swathe, database, "mapped", start, 3)
    assert verdict == "incomplete"
    assert any(BROKEN in reason for reason in reasons), reasons
    assert database.quotes.count_documents({"gone_at": {"$ne": None}}) == 0


def test_a_cut_index_of_sitemaps_is_a_gap_and_so_is_a_cut_feed(swathe: Swathe, database: Mongo) -> None:
    def given(asked: Asked) -> Answer | str:
        if asked.path == "/index.xml":
            return Answer(f"<sitemapindex><sitemap><loc>{site.url}s.xml</loc></sitemap>", kind="text/xml")
        if asked.path == "/s.xml":
            return Answer(f"<urlset><url><loc>{site.url}item/01</loc></url></urlset>", kind="text/xml")
        if asked.path == "/feed":
            return f"{XML}<rss version='2.0'><channel><item><title>Thing 01</title></item><br /><b>Fatal error</b>: x"
        return thing(asked.path)

    with OddSite(given) as site:
        for spider, path in (("mapped", "index.xml"), ("fed", "feed")):
            found, verdict, reasons = crawled(swathe, database, spider, f"{site.url}{path}", 3)
            assert (found, verdict, BROKEN in reasons[0]) == (["Thing 01"], "incomplete", True), reasons
