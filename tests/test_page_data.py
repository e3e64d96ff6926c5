"""The data that pages carry in themselves: every place it stands in, and pages that mean harm."""

from __future__ import annotations

import html as html_module
import json
import time
from typing import Any

import jmespath
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scraper.page_data import Effort, PageData, data_in, record_lists, single_records
from scraper.page_data.data import COSTLY, DEEP

BOOKS = [{"title": "The Sea", "price": 9.5, "tags": ["a"]}, {"title": "It's <b> & \u00e9", "price": None, "tags": []}]
AS_JSON = json.dumps({"books": BOOKS}).replace("<", "\\u003c")
AS_JS = r"""{books: [ // two of them
    {title: 'The Sea', "price": 9.50, tags: [`a`],},
    {title: 'It\x27s \u003cb> & é', price: undefined, tags: [/* none, */],}]}"""


def the_one(html: str) -> PageData:
    """Return the only data of a page."""
    found = data_in(html)
    assert len(found) == 1, found
    return found[0]


@pytest.mark.parametrize(
    ("html", "where"),
    [
        ('<script id="__NEXT_DATA__" type="application/json">%json%</script>', "script#__NEXT_DATA__"),
        ('<script type="application/json">%json%</script>', 'script[type="application/json"]'),
        ('<script type="application/json; charset=utf-8">%json%</script>', 'script[type="application/json"]'),
        ('<script type="application/json" data-target="app">%json%</script>', 'script[data-target="app"]'),
        ('<script type="application/ld+json">%json%</script>', 'script[type="application/ld+json"]'),
        ('<script type="application/ld+json">\n<!--\n%js%\n-->\n</script>', 'script[type="application/ld+json"]'),
        ('<script type="text/x-json">%escaped%</script>', 'script[type="text/x-json"]'),
        ("<script>window.__INITIAL_STATE__ = %json%;</script>", "window.__INITIAL_STATE__"),
        ("<script>window.__INITIAL_STATE__=%js%;(function(){var a;}())</script>", "window.__INITIAL_STATE__"),
        ("<script>window['__STATE__'] = window['__STATE__'] || %js%</script>", "window.__STATE__"),
        ('<script>window.app["my-state"]=%json%</script>', 'window.app["my-state"]'),
        ("<script>self.X = %json%</script>", "self.X"),
        ("<script>state = %js%</script>", "state"),
        ("<script>var data = %js%;</script>", "var data"),
        ("<script>let data=%json%</script>", "let data"),
        ("<script type=module>const data = %js%; render(data)</script>", "const data"),
        ("<script>setTimeout(function () {\n  var data = %js%;\n  show(data);\n}, 500);</script>", "var data"),
        ("<script>if (a == {b: 1}) {} var f = {}, data = %js%</script>", "data"),
        ("<script>window.X = JSON.parse(%string%);</script>", "window.X"),
        ("<script>const x = JSON.parse(decodeURIComponent('%percent%'));</script>", "const x"),
        ("<div id=app data-props='%escaped%'></div>", "div#app[data-props]"),
        ("<div id=app data-props='%twice%'></div>", "div#app[data-props]"),
        ("<book-list id=list :books='%escaped%'></book-list>", "book-list#list[:books]"),
        (
            "<script>window.__NUXT__=(function(a,b,c){c.title=b;c['price']=void 0;c.tags=[];"
            'return {books:[{title:"The Sea",price:9.5,tags:[a]},c]}}'
            '("a","It\'s \\u003Cb\\u003E & \\u00E9",{}));</script>',
            "window.__NUXT__",
        ),
        (
            "<script>window.__NUXT__=((a,b)=>({}))(1);window.__NUXT__=(function(a,b){return "
            "{books:[{title:'The Sea',price:9.5,tags:['a']},{title:b,price:a,tags:[]}]}}"
            "(null,'It\\'s <b> & é'))</script>",
            "window.__NUXT__",
        ),
        (
            '<script id="__NUXT_DATA__" type="application/json">[["ShallowReactive",1],{"books":2},[3,7],'
            '{"title":4,"price":5,"tags":6},"The Sea",9.5,[10],{"title":8,"price":9,"tags":11},'
            '"It\'s \\u003cb> & \\u00e9",null,"a",[]]</script>',
            "script#__NUXT_DATA__",
        ),
    ],
)
def test_data_is_found_wherever_it_stands(html: str, where: str) -> None:
    as_string = json.dumps(json.dumps({"books": BOOKS})).replace("<", "\\x3c")
    forms = {
        "%json%": AS_JSON,
        "%js%": AS_JS,
        "%escaped%": html_module.escape(AS_JSON),
        "%twice%": html_module.escape(html_module.escape(AS_JSON)),
        "%string%": as_string,
        "%percent%": "".join(f"%{byte:02X}" for byte in AS_JSON.encode()),
    }
    for mark, text in forms.items():
        html = html.replace(mark, text)
    data = the_one(f"<!doctype html><title>Books</title><main>Loading</main>{html}<p>after")
    assert data == PageData(where, {"books": BOOKS})
    (records,) = record_lists(data)
    assert (records.where, records.path, records.entries) == (where, "books", BOOKS)
    assert jmespath.search(records.path, data.value) == BOOKS


@pytest.mark.parametrize(
    ("literal", "value"),
    [
        ("undefined", None),
        ("'undefined'", "undefined"),
        ("void 0", None),
        ("!0", True),
        ("!1", False),
        ("-1.5", -1.5),
        (".5", 0.5),
        ("0x1F", 31),
        ("12n", 12),
        ("0b11", 3),
        ("0o17", 15),
        ("017", 15),
        ("089", 89),
        ("5.", 5.0),
        ("1e-3", 0.001),
        ("-.5E+1", -5.0),
        ("1_000", 1000),
        ("1e999", None),
        ("12px", None),
        ("1.2.3", None),
        ("0x" + "f" * 5000, None),
        ("7 /* of } them */ // ]\n", 7),
        ("NaN", None),
        ("[null,1,true,2]", [None, 1, True, 2]),
        ("[,1,,2,]", [None, 1, None, 2]),
        ("`two\nlines`", "two\nlines"),
        ("`a ${b} c`", None),
        ("'\\u{1F600}\\ud83d\\ude00\\n\\\n'", "😀😀\n"),
        ('"http://x/ // no comment /* none */"', "http://x/ // no comment /* none */"),
        ("new Date('2026-11-21')", "2026-11-21"),
        ("new Date(1500)", 1500),
        ("function (a, b) { return {c: 'd'}; }", None),
        ("(a) => a ? b : c", None),
        ("price * 2", None),
        ("'a' + b", None),
        ("some.name", None),
        ("{undefined: 1, 'a-b': 2, 3: 4, ...rest, get x() { return 1 }, [y]: 5, z}",
         {"undefined": 1, "a-b": 2, "3": 4, "z": None}),
    ],
)  # fmt: skip
def test_a_literal_means_what_javascript_means(literal: str, value: Any) -> None:
    data = the_one(f"<script>var data = {{first: {literal}, last: 'the last of them'}};</script>")
    assert data.value == {"first": value, "last": "the last of them"}


def test_data_of_the_same_name_is_numbered_in_the_page_s_order() -> None:
    one, two = '{"a": "aaaaaaaaaaaaaaaa"}', '{"b": "bbbbbbbbbbbbbbbb"}'
    found = data_in(f"<script>var data = {one}; var data = {two}</script><script>var data={one}</script>")
    assert [data.where for data in found] == ["var data", "var data (2)", "var data (3)"]


def test_attributes_of_many_elements_are_one_list() -> None:
    cards = "".join(f"<p class='card wide' data-book='{html_module.escape(json.dumps(book))}'>x</p>" for book in BOOKS)
    data = the_one(f"<main>{cards}</main>")
    assert data == PageData("p.card[data-book]", BOOKS)
    assert [(found.path, found.entries) for found in record_lists(data)] == [("@", BOOKS)]


MICRODATA = """<body itemscope itemtype="http://schema.org/WebPage"><span itemprop="name">Shop</span></body>
<div itemscope itemtype="http://schema.org/Product" itemid="urn:1">
  <h1 itemprop="name"> The <b>Sea</b> </h1><a itemprop="url" href="/sea"><img itemprop="image" src="/1.png"></a>
  <img itemprop="image" src="/2.png"><time itemprop="releaseDate" datetime="2026-11-21">today</time>
  <div itemprop="offers" itemscope itemtype="http://schema.org/Offer">
    <meta itemprop="price priceShown" content="9.50"><link itemprop="availability" href="http://schema.org/InStock">
    <p itemprop="seller" itemscope><b itemprop="name">Ann</b></p>
  </div>
</div>"""
SEA = {
    "@type": "http://schema.org/Product",
    "@id": "urn:1",
    "name": "The Sea",
    "url": "/sea",
    "image": ["/1.png", "/2.png"],
    "releaseDate": "2026-11-21",
    "offers": {
        "@type": "http://schema.org/Offer",
        "price": "9.50",
        "priceShown": "9.50",
        "availability": "http://schema.org/InStock",
        "seller": {"@type": "", "name": "Ann"},
    },
}


def test_microdata_becomes_dicts() -> None:
    found = {data.where: data for data in data_in(MICRODATA)}
    assert found["microdata http://schema.org/Product"].value == [SEA]
    assert single_records(found["microdata http://schema.org/Product"]) == [SEA]
    assert single_records(found["microdata http://schema.org/WebPage"]) == []


@pytest.mark.parametrize(
    ("inside", "expected"),
    [
        ("One<br>two<p>three</p><ul><li>a<li>b</ul>", "One two three a b"),
        ("<table><tr><td>1<td>2</table>", "1 2"),
        ("<b>T</b>he <i>Se</i>a<!-- the --> <script>no()</script>", "The Sea"),
        ("<i>word</i> " * 5_000, " ".join(["word"] * 5_000)),
    ],
    ids=["lines", "cells", "inline", "many parts"],
)  # fmt: skip
def test_the_text_of_a_property_is_whole_and_broken_where_the_page_breaks_it(inside: str, expected: str) -> None:
    data = the_one(f"<div itemscope><div itemprop=a>{inside}</div><b itemprop=b>x</b></div>")
    assert data.value == [{"@type": "", "a": expected, "b": "x"}]


def test_an_item_has_the_properties_that_it_refers_to() -> None:
    data = the_one(
        """<div itemscope itemtype=P itemref="c a nowhere a"><b itemprop=name>Sea</b></div>
        <p id=a itemprop=price>9.50</p>
        <div id=c><b itemprop=sku>1</b><b itemprop=by itemscope itemref=d></b></div><b id=d itemprop=name>Ann</b>"""
    )
    assert data == PageData(
        "microdata P", [{"@type": "P", "name": "Sea", "sku": "1", "by": {"@type": "", "name": "Ann"}, "price": "9.50"}]
    )


def test_an_item_that_contains_itself_ends() -> None:
    html = """<div itemscope itemtype=P itemref=a><b itemprop=name>Sea</b></div>
    <div id=a itemprop=part itemscope itemref=a><b itemprop=name>Leg</b></div>"""
    part = {"@type": "", "name": "Leg"}
    assert the_one(html).value == [{"@type": "P", "name": "Sea", "part": part}]
    two = """<p itemscope itemtype=P itemref=a></p><p id=a itemprop=left itemscope itemref="b c"></p>
    <p id=b itemprop=right itemscope itemref="a c"></p><b id=c itemprop=name>Leg</b>"""
    assert the_one(two).value == [{"@type": "P", "left": {"@type": "", "right": part, "name": "Leg"}}]
    effort = Effort(0)
    chain = "".join(f"<p id=a{n} itemprop=p itemscope itemref=a{n + 1}></p>" for n in range(60))
    assert data_in(f"<p itemscope itemref=a0 itemtype=x></p>{chain}", effort)
    assert effort.left_out == [DEEP]


LOOSE = """<h1 itemprop="name">The Sea</h1><span itemprop="price" content="9.50">9</span>
<div itemprop="offers" itemscope><b itemprop="seller">Ann</b></div>"""


def test_properties_without_an_item_around_them_are_the_page_s_own() -> None:
    data = the_one(LOOSE)
    offers = {"@type": "", "seller": "Ann"}
    record = {"@type": "", "name": "The Sea", "price": "9.50", "offers": offers}
    assert data == PageData("itemprop without itemscope", record)
    assert single_records(data) == [record]
    # What a page is about is an item, though nothing around it is one; so are items side by side.
    product = f'<div itemprop="mainEntityOfPage" itemscope itemtype="https://schema.org/Product">{LOOSE}</div>'
    named = {**record, "@type": "https://schema.org/Product"}
    assert the_one(product) == PageData("microdata https://schema.org/Product", [named])
    assert single_records(the_one(product)) == [named]
    entry = product.replace("mainEntityOfPage", "item")
    assert the_one(entry * 3) == PageData("microdata https://schema.org/Product", [named] * 3)
    # Of several records nothing tells which property belongs to which.
    assert single_records(the_one(LOOSE * 2)) == []
    assert single_records(the_one("<b itemprop=name>The Sea</b>")) == []


OPENGRAPH = """<meta property="og:title" content=" The Sea "><meta property="og:image" content="/1.png">
<meta property="og:image" content="/2.png"><meta name="viewport" content="width=device-width">
<meta property="product:price:amount" content="9.50"><meta name="product:price:currency" content="GBP">"""


def test_opengraph_tells_what_a_page_is_about_and_its_price() -> None:
    record = {
        "@type": "",
        "og:title": "The Sea",
        "og:image": ["/1.png", "/2.png"],
        "product:price:amount": "9.50",
        "product:price:currency": "GBP",
    }
    data = the_one(OPENGRAPH)
    assert data == PageData("opengraph", record)
    assert single_records(data) == [record]
    for kind, is_one in (("product", True), ("website", False)):
        assert bool(single_records(the_one(f"<meta property=og:type content={kind}>{OPENGRAPH}"))) is is_one
    assert single_records(the_one('<meta property="og:title" content="a"><meta property="og:url" content="b">')) == []


def json_ld(value: Any) -> PageData:
    """Return a page's data that is this JSON-LD."""
    return the_one(f'<script type="application/ld+json">{json.dumps(value)}</script>')


PRODUCT = {"@type": "Product", "name": "The Sea", "offers": {"@type": "Offer", "price": 9.5}}
SITE = {"@type": ["Organization", "Brand"], "name": "Shop", "url": "http://127.0.0.1/"}


@pytest.mark.parametrize(
    ("value", "records"),
    [
        ({"@context": "https://schema.org", **PRODUCT}, ["The Sea"]),
        ([SITE, PRODUCT], ["The Sea"]),
        ({"@context": "https://schema.org", "@graph": [SITE, PRODUCT, {"@type": "BreadcrumbList"}]}, ["The Sea"]),
        ({"@type": "WebPage", "name": "Page", "mainEntity": PRODUCT}, ["The Sea"]),
        ({"@type": "https://schema.org/Book", "name": "Sea", "isbn": "1"}, ["Sea"]),
        (SITE, []),
        ({"name": "no type at all", "x": 1}, []),
    ],
)  # fmt: skip
def test_the_one_record_of_a_page_is_no_site_and_no_breadcrumb(value: Any, records: list[str]) -> None:
    assert [record["name"] for record in single_records(json_ld(value))] == records


def test_the_one_record_is_looked_for_in_json_ld_alone() -> None:
    assert single_records(PageData("var data", {"@type": "Product", "name": "x", "y": 1})) == []
    assert single_records(PageData("var data", {"@context": "https://schema.org", **PRODUCT}))
    assert single_records(PageData("var data", "text")) == []


ENTRY = {"@type": "Product", "name": "The Sea", "sku": "1"}


@pytest.mark.parametrize(
    ("value", "path", "count"),
    [
        (BOOKS, "@", 2),
        ({"props": {"page-props": {"books": BOOKS}}}, 'props."page-props".books', 2),
        ({"books": BOOKS, "authors": [{"name": "a", "id": 1}] * 3}, "authors", 3),
        ({"edges": [{"node": book, "cursor": "x"} for book in BOOKS]}, "edges[].node", 2),
        ({"hits": {"hits": [{"_id": 1, "_source": book} for book in BOOKS]}}, "hits.hits[]._source", 2),
        ({"shelves": [{"name": "a", "books": BOOKS}, {"name": "b", "books": BOOKS}]}, "shelves[].books[]", 4),
        ({"pages": [[BOOKS[0]], [BOOKS[1]]]}, "pages[]", 2),
        ({"@type": "ItemList", "itemListElement": [{"@type": "ListItem", "position": 1, "item": ENTRY}]},
         "itemListElement[].item", 1),
        ({"@type": "ItemList", "itemListElement": [{"@type": "ListItem", "position": 1, "name": "x", "url": "y"}]},
         "itemListElement", 1),
        ({"@graph": [{"@type": "WebSite", "url": "x"}, ENTRY, {**ENTRY, "name": "b"}]},
         "\"@graph\"[?\"@type\"=='Product']", 2),
    ],
)  # fmt: skip
def test_the_largest_list_comes_first_and_its_path_leads_to_it(value: Any, path: str, count: int) -> None:
    records = record_lists(PageData("var data", value))[0]
    assert (records.path, len(records.entries)) == (path, count)
    assert jmespath.search(path, value) == records.entries


@pytest.mark.parametrize("value", [[], [1, 2], [{"a": 1}], [{"a": 1, "b": 2}, {"c": 1, "d": 2}], {"a": {}}, "x", None])
def test_what_is_no_list_of_records_is_not_taken_for_one(value: Any) -> None:
    assert record_lists(PageData("var data", value)) == []


SIZE = 5_000_000


def filled(piece: str) -> str:
    """Repeat a piece to 5 MB."""
    return piece * (SIZE // len(piece))


HOSTILE = {
    "opening brackets": filled("["),
    "assigned brackets": filled("x=["),
    "assigned braces": filled("x = {"),
    "arrays within strings": "a=[" + filled('"a=[",'),
    "deep JSON": "x=" + "[" * (SIZE // 2) + "]" * (SIZE // 2),
    "deep JavaScript": "x=" + "{a:" * (SIZE // 4) + "}" * (SIZE // 4),
    "open strings": filled("x=['\\'"),
    "open comments": filled("x=[/*"),
    "open templates": filled("x=[`${"),
    "names": filled("a.b.c.d.e.f.g"),
    "blanks": "x=" + filled(" "),
    "small assignments": filled("a={b:'aaaaaaaaaaaaaaaaaaaa'};"),
    "JSON.parse": filled("x=JSON.parse('"),
    "open functions": filled("x=(function(a){"),
    "parameters": "x=(function(" + filled("a,") + "){return [a]}(1))",
    "statements": "x=(function(a){" + filled("a.b=1;") + "return [a,a,a]}({}))",
    "a billion laughs": "x=(function(a){a.b=a;a.c=a;a.d=a;return [a,a,a]}({}))",
    "one long literal": "x={a:[" + filled("{b:1,c:'xx'},") + "]}",
    "tokens": "x=[" + filled("a+") + "]",
    "lists within lists": filled("x=[1,"),
}


@pytest.mark.parametrize("script", HOSTILE.values(), ids=HOSTILE)
def test_five_megabytes_of_hostile_script_take_seconds_and_not_minutes(script: str) -> None:
    began, effort = time.thread_time(), Effort(SIZE)
    for data in data_in(f"<p>x</p><script>{script}</script>", effort):
        record_lists(data, effort)
        single_records(data)
    assert time.thread_time() - began < 20


def as_json(text: str) -> str:
    return f"<script type='application/json'>{text}</script>"


NUXT_3 = json.dumps([*([place + 1] * 10 for place in range(8)), 7])
LEFT_OUT = {
    "JSON of a million levels": (as_json("[" * 10**6 + "]" * 10**6), DEEP),
    "objects of a million levels": (as_json('{"a":' * 10**6 + "1" + "}" * 10**6), DEEP),
    "JavaScript of a million levels": ("<script>x = " + "{a:" * 10**6 + "1" + "}" * 10**6 + "</script>", DEEP),
    "JSON.parse of many levels": ("<script>x = JSON.parse('" + "[" * 10**4 + "]" * 10**4 + "')</script>", DEEP),
    "an attribute of many levels": (f"<p data-x='{'[' * 10**4}{']' * 10**4}'>", DEEP),
    "a hundred thousand scripts": ("<script>x = {a: 'aaaaaaaaaaaaaaaaaaaa', b: [1, 2, 3]}</script>" * 10**5, COSTLY),
    "two hundred small payloads": (f"<script type='application/json' id=__NUXT_DATA__>{NUXT_3}</script>" * 200, COSTLY),
    "items that refer to each other": (
        "".join(
            f"<div itemscope itemref='{' '.join(f'i{n}' for n in range(200))}'></div>"
            f"<p id=i{at}>{'<b itemprop=a>x</b>' * 20}"
            for at in range(200)
        ),
        COSTLY,
    ),
    "properties within properties": ("<div itemscope>" + "<b itemprop=a>x" * 2_000, COSTLY),
    "a list of many lists": (as_json(f"[{'[],' * 400_000}[]]"), COSTLY),
}


@pytest.mark.parametrize(("html", "why"), LEFT_OUT.values(), ids=LEFT_OUT)
def test_what_a_page_is_not_worth_is_left_out_soon_and_named(html: str, why: str) -> None:
    began, effort = time.process_time(), Effort(len(html))
    for data in data_in(html, effort):
        record_lists(data, effort)
        single_records(data)
    assert effort.left_out == [why]
    assert time.process_time() - began < 5


def test_a_script_that_takes_all_the_work_there_is_leaves_the_rest_of_the_page() -> None:
    effort = Effort(0)
    cheap = as_json(AS_JSON) + MICRODATA + OPENGRAPH
    found = data_in(f"{cheap}<script>{HOSTILE['tokens']}</script>{as_json(AS_JSON)}", effort)
    assert effort.left_out == [COSTLY]
    assert found == data_in(cheap)
    assert len(found) == 4


def test_of_an_ordinary_page_nothing_is_left_out() -> None:
    bundle = "!function(e,t){var n={i:1,l:!1,exports:{}};return e.exports=t(n,[1,2,3]),n}(this,function(){});" * 5_000
    html = f"{MICRODATA}{OPENGRAPH}{LOOSE}{as_json(AS_JSON)}<script>{bundle}</script><script>var x = {AS_JS}</script>"
    effort = Effort(len(html))
    found = {data.where: data.value for data in data_in(html, effort)}
    assert found["var x"] == found['script[type="application/json"]'] == {"books": BOOKS}
    assert effort.left_out == []


HOSTILE_HTML = {
    "elements": filled("<p>x</p>"),
    "open elements": filled("<div>"),
    "items within items": filled("<div itemscope itemtype=x><b itemprop=c>"),
    "properties within properties": "<div itemscope>" + "<b itemprop=a>" * 59_000,
    "attributes": "<div " + filled("a='[1,2,3,4,5,6,7,8,9,10]' ") + ">",
    "elements with data": "<i d='{a:[1,2,3,4,5,6,7,8,9,10]}'>" * 59_000,
    "scripts": filled("<script>x={a:1,b:[]}</script>"),
    "open scripts": filled("<script>"),
    "tags": filled("<"),
}


@pytest.mark.parametrize("html", HOSTILE_HTML.values(), ids=HOSTILE_HTML)
def test_hostile_html_takes_bounded_time(html: str) -> None:
    began = time.process_time()
    for data in data_in(html):
        record_lists(data)
    assert time.process_time() - began < 5


def test_a_value_is_never_too_deep_to_be_written_as_json() -> None:
    deep, flat = "[" * 101 + "]" * 101, "[" * 90 + '"the innermost value"' + "]" * 90
    assert data_in(f"<script>a = {deep}; b = {deep.replace('[]', '[undefined]')}</script>") == []
    assert json.dumps(the_one(f"<script>a = {deep}; b = {flat}</script>").value)


def test_data_of_more_than_ten_megabytes_is_found() -> None:
    entry = {"title": "The Sea " * 10, "price": 9.5}
    page = f'<script id="__NEXT_DATA__" type="application/json">{json.dumps({"books": [entry] * 120_000})}</script>'
    assert len(page) > 12_000_000
    assert len(record_lists(the_one(page))[0].entries) == 120_000


PIECES = st.sampled_from(
    [
        "<script>", "</script>", '<script type="application/json">', "<div itemscope itemprop=a>", "<p d='", "'>",
        "var x = ", "=", "(function(a,b){return ", "}(1,[2]))", "JSON.parse('", "')", "{", "}", "[", "]", "(", ")",
        "a:", ",", '"', "'", "`", "\\", "/*", "*/", "//", "undefined", "!0", "-", "1", "\\u12", "\\ud800", "new Date(",
        "a.b=", ";", "&quot;", "\ue000a",
    ]
)  # fmt: skip


@settings(deadline=None, max_examples=300)
@given(st.one_of(st.text(), st.lists(st.one_of(PIECES, st.text(max_size=3)), max_size=40).map("".join)))
def test_no_text_raises(text: str) -> None:
    for html in (
        text,
        f"<script>var data = {text}",
        f"<script type='application/json'>{text}",
        f"<?xml?><p d='{text}'>",
    ):
        for data in data_in(html):
            json.dumps(data.value)
            single_records(data)
            for records in record_lists(data):
                found = jmespath.search(records.path, data.value)
                assert found is not None


@pytest.mark.parametrize("html", ["", "\x00", "<", "\ud800<", "<?xml version='1.0'?><a/>", "plain", "<script", "//x.y"])
def test_what_is_no_page_has_no_data(html: str) -> None:
    assert data_in(html) == []
