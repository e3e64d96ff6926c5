"""Blocks: the records of a list page are found by their structure, all of them, whatever stands around them."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from parsel import Selector
from scrapy.http import HtmlResponse
from support import ROOT

from scraper.probe.blocks import block_of, weighed_groups
from scraper.probe.outline import Outline, words
from scraper.select import compiled

if TYPE_CHECKING:
    from scraper.probe.blocks import Block

COUNT = 9
NAMES = [f"Thing number {number}" for number in range(COUNT)]


def rows(template: str, first: int = 0, count: int = COUNT) -> str:
    """Return a template filled in for each record; `{zebra}` alternates, `{third}` is of every third alone."""
    return "".join(
        template.format(
            n=n, name=NAMES[n], zebra=("odd", "even")[n % 2], third="more" * (n % 3 == 1), big=" big" * (not n)
        )
        for n in range(first, first + count)
    )


def threes(around: str, template: str) -> str:
    """Return the records in groups of three."""
    return "".join(around.format(rows(template, at, 3)) for at in range(0, COUNT, 3))


MENU = f"<div id=menu><ul>{rows('<li><a href=/m/{n}>Department {n} and more</a></li>')}</ul></div>"
SIDE = "<div class=sidebar>{}</div>".format(
    rows("<div class=post><img src=a.png><h4><a href=/r/{n}>Recent {n}</a></h4><p>Words of it</p></div>", 0, 5)
)
ADVERT = "<li><a href=/ad><img src=ad.png></a></li>"
TAGS = "<li><a href=/t/1>tag 1</a></li><li><a href=/t/2>tag 2</a></li><li><a href=/t/3>tag 3</a></li>"
LIKED, PLAIN = "<li><h3>{name}</h3><span>{n} €</span></li>", "<tr><td>{name}<td>{n} €<td>Shelf {n}</tr>"

LISTS = {
    "zebra rows": f"<table><tr><th>Name<th>Price</tr>{rows('<tr class={zebra}><td>{name}<td>{n} €</tr>')}</table>",
    "a grid of three": threes(
        "<div class=row>{}</div>", "<div class=col-md-4><h3>{name}</h3><p>For <b>{n} €</b></p></div>"
    ),
    "two rows and a spacer": "<table>{}</table>".format(
        rows(
            "<tr class=thing><td>{n}.<td><a href=/{n}>{name}</a></tr>"
            "<tr><td colspan=2>{n} points by somebody | <a href=/c/{n}>comments</a></tr><tr class=spacer></tr>"
        )
    ),
    "two rows without classes": "<table>{}</table>".format(
        rows("<tr><td>{name}</tr><tr><td><a href=/t/{n}>tag {n}</a> <a href=/t/1>other</a></tr>")
    ),
    "headings": f"<div id=c>{rows('<h3>{name}</h3><p>A text about it, number {n}.</p><p>{n} €</p>')}</div>",
    "lines": f"<div>{rows('<a href=/{n}>{name}</a> <b>{n} €</b><br>')}</div>",
    "an ordered list": f"<ol id=hits>{rows('<li><a href=/{n}>{name}</a> from {n} €')}</ol>",
    "definitions": f"<dl>{rows('<dt>{name}<dd>It costs {n} € and is good.')}</dl>",
    "groups": threes("<section><h2>Group</h2><ul>{}</ul></section>", "<li><a href=/{n}>{name}</a><i>{n} €</i></li>"),
    "numbered classes": rows('<div class="post-51{n} entry-{n}"><h2>{name}</h2><p>Text {n}</p></div>'),
    "an advertisement between": f"<ul>{rows(LIKED, 0, 4)}{ADVERT}{rows(LIKED, 4, 5)}</ul>",
    "tags of each": rows("<article><p>{name}</p><ul>" + TAGS + "</ul></article>"),
    "labels and values": rows(
        "<div class=x><div><b>Name:</b> {name}</div><div><b>Price:</b> {n} €</div><div><b>Place:</b> {n}</div></div>"
    ),
    "a layout of tables": f"<table><tr><td><table>{rows(PLAIN)}</table></td><td>Menu<br>Home</td></tr></table>",
    "paragraphs with breaks": rows("<p><b>{name}</b><br>It was found on a shelf in the year 190{n}, and kept.</p>"),
    "cards that are links": f"<div>{rows('<a class=card href=/{n}><img src={n}.png><h4>{name}</h4></a>')}</div>",
    "one featured": rows("<div class='card{big}'><h3>{name}</h3><p>{n} €</p></div>"),
    "cells": "<table>{}</table>".format(threes("<tr>{}</tr>", "<td><img src={n}.png><br><a href=/{n}>{name}</a></td>")),
    "some without a part": f"<table>{rows('<tr><td>{name}<td><b><a href=/{n}>{third}</a></b><td>{n} €</tr>')}</table>",
}


def best_of(html: str) -> tuple[Block, list[str]]:
    """Return the likeliest block of a page and the text of each of its records, as its selector finds them."""
    root = HtmlResponse("http://x/", body=html.encode()).selector.root
    block = block_of(root, weighed_groups(Outline(root))[0])
    found = compiled(block.selector)(root)
    ends = [*found[1:], None]
    return block, [words(element, 400, end, on=block.goes_on) for element, end in zip(found, ends, strict=True)]


@pytest.mark.parametrize("around", [False, True], ids=["alone", "amid others"])
@pytest.mark.parametrize("name", LISTS)
def test_every_record_of_a_list_is_found_and_nothing_else(name: str, around: bool) -> None:
    page = f"{MENU}<h1>Things</h1><div>{LISTS[name]}</div>{SIDE}" if around else LISTS[name]
    block, records = best_of(f"<html><body>{page}</body></html>")
    assert block.count == len(records) == COUNT, block
    assert all(name in text for name, text in zip(NAMES, records, strict=True)), records
    assert not any(other in text for place, text in enumerate(records) for other in NAMES[:place] + NAMES[place + 1 :])


def test_a_link_of_which_a_record_has_several_is_not_the_one_to_its_page() -> None:
    row = "<div class=q><p>A saying, number {0}</p><a class=t href=/t/{0}>one</a><a class=t href=/t/x{0}>two</a></div>"
    assert best_of("".join(row.format(place) for place in range(5)))[0].link == ""
    row = "<div class=q><h3><a href=/{0}>A saying, number {0}</a></h3><a class=tag href=/t/{0}>one</a></div>"
    assert best_of("".join(row.format(place) for place in range(5)))[0].link == "h3 a"


@pytest.mark.parametrize("name", ["ad-slot", "sponsored", "anzeige", "banner-advert"])
def test_an_advertisement_between_records_is_none_though_it_is_built_like_one(name: str) -> None:
    row = "<li class={0}><b>{1}</b><i>{2} EUR</i></li>"
    offers = [
        row.format("offer", f"Offer {n}", n) + row.format(name, "Buy now", 9) * (n % 3 == 2) for n in range(COUNT)
    ]
    root = Selector(f"<ul>{''.join(offers)}</ul>").root
    block = block_of(root, weighed_groups(Outline(root))[0])
    assert (block.selector, block.count) == ("li.offer", COUNT)
    ads = "".join(row.format("classified-ads", f"A bicycle, number {n}", n) for n in range(COUNT))
    root = Selector(f"<ul>{ads}</ul>").root
    assert block_of(root, weighed_groups(Outline(root))[0]).count == COUNT


SELECTOR = """
from parsel import Selector
from scraper.probe.group_selector import group_selector
entry = "<li><h3>Thing {0}</h3><img src=/{0}.jpg><b>{0} EUR</b><em>new</em><p>All about thing {0}</p></li>"
page = "".join(entry.format(n) + "<li>Advertisement</li>" * (n % 3 == 0) for n in range(1, 13))
root = Selector(f"<ul id=results>{page}</ul>").root
print(group_selector(root, tuple(root.xpath("//li[h3]"))).selector)
"""


def test_a_selector_is_the_same_in_every_process() -> None:
    """Sets are in another order in each; `:has(b)` and `:has(p)` say the same of this page, and not of the next."""
    seeds = [{"PYTHONHASHSEED": str(seed), "PYTHONPATH": str(ROOT)} for seed in range(4, 12)]
    said = [subprocess.check_output([sys.executable, "-c", SELECTOR], env=seed, text=True) for seed in seeds]
    assert set(said) == {"#results > li:has(b)\n"}
