"""`swathe heal`: what it mends, and what it refuses; stored documents, kept pages and a real mongod, no network."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest
from bson import Decimal128, ObjectId
from healed_offers import LinesSpider, OffersSpider, OwnParse
from stored_pages import connected

from models.quality import Quality, RecordsQuality
from models.system import Change, Run
from scraper.core.config import Config, load_config
from scraper.core.text import quoted
from scraper.errors import UsageError
from scraper.heal.field_values import LEAST_EQUAL, are_as_stored
from scraper.heal.healing import heal, run_to_heal
from scraper.heal.spider_source import SpiderSource, field_edit
from scraper.pages.archive import PAGES, Capture, write
from spiders.books import BooksSpider

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pymongo.database import Database

    from scraper.heal.outcome import Healing
    from scraper.spider import SiteSpider

    Mongo = Database[dict[str, Any]]

START = OffersSpider.start_url
NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
YESTERDAY = NOW - timedelta(days=1)
STATE = json.dumps({"name": START, "number": 1, "state": {}})


@dataclass(frozen=True)
class Shop:
    """The offers of a shop, and what a page shows of them in a new layout."""

    names: tuple[str, ...]
    prices: tuple[int, ...]
    old_prices: tuple[int | None, ...]
    stocks: tuple[int, ...]
    tags: tuple[tuple[str, ...], ...]

    def stored(self) -> list[dict[str, Any]]:
        """Return the offers as MongoDB has them."""
        seen = {"first_seen": YESTERDAY, "last_seen": YESTERDAY, "changed_at": YESTERDAY, "run": ObjectId()}
        return [
            {
                "name": name,
                "price": Decimal128(str(price)),
                "currency": "GBP",
                "old_price": None if old is None else Decimal128(str(old)),
                "stock": stock,
                "pieces": 2,
                "tags": list(tags),
                "url": START,
                **seen,
            }
            for name, price, old, stock, tags in self.rows
        ]

    @property
    def rows(self) -> list[Any]:
        return list(zip(self.names, self.prices, self.old_prices, self.stocks, self.tags, strict=True))

    def page(self, card: str, around: str = "{}", old: str = "") -> str:
        """Return a page in which each offer is written by a template; `old` is that of an old price, if any."""
        cards = [
            card.format(
                name=name, price=f"£{price}.00", stock=stock, tags="".join(f'<a rel="tag">{tag}</a>' for tag in tags),
                old=old.format(f"£{before}.00") if before else "",
            )
            for name, price, before, stock, tags in self.rows
        ]  # fmt: skip
        return f"<html><body><main>{around.format(''.join(cards))}</main></body></html>"


SHOP = Shop(
    tuple(
        f"{word} lamp {number}"
        for number, word in enumerate(("blue", "quiet", "tall", "old", "round", "small", "grey", "thin"), 11)
    ),
    (31, 47, 12, 95, 60, 23, 78, 54),
    (40, None, 19, 99, None, None, 80, 61),
    (4, 17, 230, 9, 0, 56, 31, 8),
    (("oak",), ("oak", "tin"), (), ("ash",), ("tin",), ("ash", "oak"), ("elm",), ("oak",)),
)
CARD = (
    '<article class="card"><div><h2 class="card-name">{name}</h2><b class="card-price">{price}</b>{old}'
    '<data value="{stock}">there</data><i class="pieces">2 pieces</i><p>{tags}</p></div></article>'
)
OLD = '<del class="was">{}</del>'
TABLE = (
    '<tr><td>{name}</td><td class="price">{price}</td><td class="was">{old}</td><td data-stock="{stock}"></td>'
    '<td class="pieces">2 pieces</td><td>{tags}</td></tr>'
)
IDENTIFIED = CARD.replace('<h2 class="card-name">{name}</h2>', "").replace("<article", '<article id="{name}"')


@pytest.fixture
def config(data_dir: Path, database: Mongo, server: Any) -> Iterator[Config]:
    environ = {"SWATHE_MONGODB_DATA_DIR": str(data_dir), "SWATHE_MONGODB_DATABASE": database.name}
    with connected(data_dir, database):
        yield load_config(environ=environ)


def healed(
    database: Mongo,
    config: Config,
    page: str,
    shop: Shop = SHOP,
    *,
    keep_old: bool = False,
    kind: type[SiteSpider] = OffersSpider,
    run: Run | None = None,
) -> Healing:
    """Heal the spider whose run of today kept this page, after one of yesterday stored the shop."""
    database.healed_offers.insert_many(shop.stored())
    run = run or Run(spider=kind.name, state="finished", verdict="unknown", started_at=NOW, heartbeat_at=NOW)
    keep(database, run.save().id, page)
    return heal(kind.name, kind, database, config, keep_old=keep_old)


def keep(
    database: Mongo, run: ObjectId, page: str, when: datetime = NOW, url: str = START, posted: bytes | None = None
) -> None:
    request = {
        "url": url,
        "method": "POST" if posted else "GET",
        "headers": {},
        "body": posted,
        "callback": "on_list_page",
        "cb_kwargs": STATE,
        "request_meta": "{}",
    }
    about = {"url": url, "spider": OffersSpider.name, "run": run, "when": when, "why": "nothing", "fingerprint": url}
    kept = {
        **about,
        "request": request,
        "status": 200,
        "headers": {},
        "kind": "HtmlResponse",
        "encoding": "utf-8",
        "flags": [],
    }
    assert write(database, [Capture(kept, page.encode())]) == [True]


@pytest.mark.parametrize(
    ("card", "around", "old"),
    [(CARD, "<div>{}</div>", OLD), (TABLE, "<table>{}</table>", "<s>{}</s>"), (IDENTIFIED, "<div>{}</div>", OLD)],
)
def test_every_field_is_mended_and_the_patched_spider_reads_what_was_stored(
    database: Mongo, config: Config, card: str, around: str, old: str
) -> None:
    healing = healed(database, config, SHOP.page(card, around, old))
    assert healing.refused == []
    assert {one.what for one in healing.mended} >= {
        "items",
        "Offer.name",
        "Offer.price",
        "Offer.old_price",
        "Offer.tags",
    }
    assert "Offer.stock: 8 of 8 stored values" in healing.evidence
    assert healing.looked_at == "1 page that the run kept"
    patch = healing.patch.splitlines()
    assert patch[:2] == ["--- a/tests/healed_offers.py", "+++ b/tests/healed_offers.py"]
    assert '-    items = "div.offer"' in patch
    # The price is given to a variable first, which is the currency as well: there it is mended, once.
    assert any(line.startswith("+        price = first(item, ") for line in patch)
    assert healing.source.loaded(healing.text).items != OffersSpider.items


OLD_CARD = (
    '<div class="offer"><h3>{name}</h3><span class="price">{price}</span>{old}<span class="stock">{stock}</span>'
    '<span class="pieces">2 p</span>{tags}</div>'
)


def old_page(shop: Shop = SHOP) -> str:
    """Return a page in the layout that the spider was written for."""
    return shop.page(OLD_CARD, old='<span class="old-price">{}</span>').replace('rel="tag"', 'class="tag"')


def test_with_the_old_selectors_kept_pages_in_both_layouts_are_read(database: Mongo, config: Config) -> None:
    keep(database, ObjectId(), old_page(), when=YESTERDAY)
    healing = healed(database, config, SHOP.page(CARD, "<div>{}</div>", OLD), keep_old=True)
    assert healing.refused == []
    assert "8 records of 1 older page are read as before" in healing.evidence
    assert healing.source.loaded(healing.text).items == "article.card, div.offer"
    assert "+            name=first(item, \"h2.card-name::text\") or first(item, 'h3::text')," in healing.patch


def test_an_older_page_that_would_be_read_otherwise_refuses_the_repair(database: Mongo, config: Config) -> None:
    """The new selector finds something on older pages, too: a price that was of something else."""
    older = old_page().replace("</h3>", '</h3><b class="card-price">£1</b>')
    keep(database, ObjectId(), older, when=YESTERDAY)
    healing = healed(database, config, SHOP.page(CARD, "<div>{}</div>", OLD), keep_old=True)
    assert healing.refused == [f"8 of 8 records of older pages would be read otherwise, the first on {START}"]


REFUSED = {
    "all values are others": (
        replace(SHOP, names=tuple(f"Chair {number}" for number in range(8))),
        (CARD, "<div>{}</div>", OLD),
        "items: 0 of the 8 known records stand on",
    ),
    "one field's values are others": (
        replace(SHOP, prices=tuple(price + 1 for price in SHOP.prices)),
        (CARD, "<div>{}</div>", OLD),
        "Offer.price: its stored values, such as '31', stand on none of today's pages",
    ),
    "one field's values are those of other records": (
        replace(SHOP, stocks=(*SHOP.stocks[1:], SHOP.stocks[0])),
        (CARD, "<div>{}</div>", OLD),
        "Offer.stock: its stored values, such as '4', stand on none of today's pages",
    ),
    "price and old price are swapped": (
        SHOP,
        (CARD.replace("card-price", "was").replace("<b", "<del").replace("</b", "</del"), "<div>{}</div>", "<b>{}</b>"),
        "Offer.price: its stored values stand where the pages show an old price",
    ),
    "a new price stands beside the one that is known": (
        SHOP,
        (
            CARD.replace("card-price", "x1").replace("{old}", '<b class="x2">£{stock}9.50</b>{old}'),
            "<div>{}</div>",
            OLD,
        ),
        "but there is another price, such as '£49.50'",
    ),
    "the key is nowhere": (
        SHOP,
        (CARD.replace('<h2 class="card-name">{name}</h2>', ""), "<div>{}</div>", OLD),
        "items: 0 of the 8 known records stand on",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_may_be_wrong_is_refused_and_named(database: Mongo, config: Config, name: str) -> None:
    shown, layout, said = REFUSED[name]
    healing = healed(database, config, shown.page(*layout))
    assert healing.text == ""
    assert any(said in why for why in healing.refused), healing.refused
    assert not any("\n" in why for why in healing.refused)


def test_prices_that_stand_at_the_other_field_s_own_selector_have_been_swapped(database: Mongo, config: Config) -> None:
    every = replace(SHOP, old_prices=tuple(price + 7 for price in SHOP.prices))
    card = (
        '<div class="offer"><h3>{name}</h3><span class="old-price">{price}</span>{old}'
        '<span class="stock">{stock}</span><span class="pieces">2 p</span>{tags}</div>'
    )
    healing = healed(database, config, every.page(card, old='<span class="price">{}</span>'), every)
    assert healing.text == ""
    assert any(why.startswith("Offer.price:") and "were they swapped?" in why for why in healing.refused)


FEWER = replace(SHOP, stocks=tuple(stock + 3 for stock in SHOP.stocks))
TOLD = replace(SHOP, tags=tuple((f"with {stock} x",) for stock in SHOP.stocks))
BADGED = CARD.replace("{tags}", '<u class="badge">pack {stock}x</u>{tags}')
"""A number in a text that is no field's; the stock's place has another one."""


def with_other_stocks(page: str, before: str, after: str) -> str:
    """Return a page whose stocks have changed where they stand between two texts."""
    for stock in SHOP.stocks:
        page = page.replace(f"{before}{stock}{after}", f"{before}{stock + 3}{after}")
    return page


@pytest.mark.parametrize("place", ["", ' class="stock"', ' class="n1"'])
def test_a_number_that_also_stands_in_another_field_s_text_is_not_read_there(
    database: Mongo, config: Config, place: str
) -> None:
    card = CARD.replace("<data ", f"<data{place} ")
    page = with_other_stocks(TOLD.page(card, old=OLD), '" value="' if place else 'data value="', '"')
    healing = healed(database, config, page, TOLD)
    assert healing.text == ""
    (why,) = healing.refused
    assert why.startswith("Offer.stock:")
    assert why.endswith("but is the text of `tags`: 'with 4 x'")


@pytest.mark.parametrize(
    ("here", "before", "after"),
    [
        ('<data value="{stock}">there</data>', '<data value="', '"'),
        ('<span class="n1">{stock}</span>', '"n1">', "<"),
        ('<span class="stock">{stock} left</span>', '"stock">', " left"),
    ],
)
def test_a_number_in_words_is_no_field_where_other_numbers_may_be_it(
    database: Mongo, config: Config, here: str, before: str, after: str
) -> None:
    card = BADGED.replace('<data value="{stock}">there</data>', here)
    healing = healed(database, config, with_other_stocks(SHOP.page(card, old=OLD), before, after))
    assert healing.text == ""
    (why,) = healing.refused
    assert "in other words, such as 'pack 4x', and its place may be that of '7" in why


@pytest.mark.parametrize("words", ["{stock} Stück", "({stock} available)"])
def test_a_number_in_words_is_a_field_s_where_nothing_else_may_be(database: Mongo, config: Config, words: str) -> None:
    card = CARD.replace('<data value="{stock}">there</data>', f'<span class="n1">{words}</span>')
    healing = healed(database, config, SHOP.page(card, old=OLD))
    assert healing.refused == []
    assert "Offer.stock: 8 of 8 stored values" in healing.evidence


def test_a_number_in_another_field_s_text_is_read_there_where_that_calls_it_by_its_name(
    database: Mongo, config: Config
) -> None:
    named = replace(SHOP, tags=tuple((f"{stock} in stock",) for stock in SHOP.stocks))
    card = CARD.replace('<data value="{stock}">there</data>', "")
    healing = healed(database, config, named.page(card, old=OLD), named)
    assert healing.refused == []


@pytest.mark.parametrize("price", ["x1", "card-price"])
def test_a_lower_price_of_some_records_alone_refuses_the_repair(database: Mongo, config: Config, price: str) -> None:
    """The stored prices stand where the full ones are: five of eight offers are on sale."""
    full = replace(SHOP, old_prices=(None,) * 8)
    page = SHOP.page(CARD.replace("card-price", price), old='<b class="sale-price">{}</b>')
    healing = healed(database, config, page, full)
    assert healing.text == ""
    assert any("but there is another price, such as '£40.00'" in why for why in healing.refused), healing.refused


def test_a_price_that_has_changed_at_its_place_is_no_other_price(database: Mongo, config: Config) -> None:
    many = Shop(*(2 * getattr(SHOP, name) for name in SHOP.__dataclass_fields__))
    many = replace(many, names=tuple(f"{name}, old {number}" for number, name in enumerate(many.names)))
    today = replace(many, prices=(35, *many.prices[1:]))
    # A heading right before a price is no label of it, whatever is old there.
    healing = healed(database, config, today.page(CARD.replace("card-price", "x1"), old=OLD), many)
    assert healing.refused == []
    assert "Offer.price: 15 of 16 stored values" in healing.evidence


def test_an_advertisement_between_some_entries_is_no_price_of_theirs(database: Mongo, config: Config) -> None:
    page = SHOP.page(CARD, old=OLD).replace("</article>", "</article><aside>Our sofa: £9.99</aside>", 2)
    assert healed(database, config, page).refused == []


def test_a_record_that_a_page_shows_twice_with_other_values_refuses_the_repair(database: Mongo, config: Config) -> None:
    club = CARD.format(name=SHOP.names[0], price="£1.00", old="", stock=4, tags='<a rel="tag">oak</a>')
    page = SHOP.page(
        CARD.replace("card-price", "p1"), "<h4>All</h4>{}<h4>Club</h4>" + club.replace("card-price", "p1"), OLD
    )
    healing = healed(database, config, page)
    assert any(
        why.startswith(f"{START} shows Offer blue lamp 11 twice, with other values of price") for why in healing.refused
    ), healing.refused


def test_a_variable_that_gives_two_fields_which_stand_apart_now_is_left_to_a_person(
    database: Mongo, config: Config
) -> None:
    page = SHOP.page(CARD.replace("</b>", "</b><u>GBP</u>"), old=OLD).replace("£", "")
    healing = healed(database, config, page)
    (why,) = healing.refused
    assert why.startswith("Offer.currency: `first(item, 'span.price::text')` is another field, too"), why


LINE = '<li class="entry"><h4>{name} Price: {price} Stock: {stock}</h4>{tags}</li>'
APART = '<li class="entry"><h4>{name}</h4><b class="price">{price}</b><i class="stock">{stock}</i>{tags}</li>'


def test_a_text_of_several_fields_that_stands_elsewhere_is_taken_apart_as_before(
    database: Mongo, config: Config
) -> None:
    healing = healed(database, config, SHOP.page(LINE, "<ul>{}</ul>"), kind=LinesSpider)
    assert healing.refused == []
    assert [line[1:].strip() for line in healing.patch.splitlines() if line.startswith("+ ")][:2] == [
        'items = "li.entry"',
        'rest, _, stock = (first(item, "h4::text") or "").rpartition(" Stock: ")',
    ]
    assert {f"Offer.{name}: 8 of 8 stored values" for name in ("name", "price", "stock")} <= set(healing.evidence)


def test_fields_of_one_text_that_stand_by_themselves_now_are_read_by_themselves(
    database: Mongo, config: Config
) -> None:
    healing = healed(database, config, SHOP.page(APART, "<ul>{}</ul>"), kind=LinesSpider)
    assert healing.refused == []
    assert 'name=first(item, "h4::text"), price=first(item, "b.price::text"), stock=first(item, "i.stock::text")' in (
        healing.text
    )
    assert "rpartition" not in healing.text.partition("class LinesSpider")[2].partition("class OwnParse")[0]


def test_a_half_of_the_list_is_no_repair(database: Mongo, config: Config) -> None:
    half = Shop(*(getattr(SHOP, name)[:4] for name in SHOP.__dataclass_fields__))
    rest = Shop(*(getattr(SHOP, name)[4:] for name in SHOP.__dataclass_fields__))
    beside = rest.page(TABLE, "<table>{}</table>", OLD).partition("<main>")[2]
    page = half.page(CARD, "<div>{}</div>", OLD).partition("</main>")[0] + beside
    healing = healed(database, config, page)
    assert healing.text == ""
    assert [why for why in healing.refused if "finds 4 of the 8 known records" in why], healing.refused


def test_what_stands_in_the_next_record_is_not_taken_for_this_one_s(database: Mongo, config: Config) -> None:
    """All stocks but one stand in the row behind the record's own two; every other one by chance in its own as well."""
    count = 20
    names, prices = tuple(f"A lamp, number {n:02}" for n in range(count)), tuple(range(30, 30 + count))
    stocks = tuple(7 * (n // 2) + 1 for n in range(count))
    wide = Shop(names, prices, (None,) * count, stocks, ((),) * count)
    card = (
        '<tr class="one"><td>{name}</td><td class="price">{price}</td><td class="pieces">2 pieces</td></tr>'
        '<tr class="two"><td colspan="3">there: <i class="stock">{stock}</i></td></tr>'
    )
    moved = replace(wide, stocks=(stocks[-1], *stocks[:-1]))
    healing = healed(database, config, moved.page(card, "<table>{}</table>"), wide)
    assert healing.text == ""
    assert [why for why in healing.refused if why.startswith("Offer.stock: ")], healing.refused


@pytest.mark.parametrize(
    ("pairs", "enough"),
    [
        ([(n, n) for n in range(9)] + [(9, 0)], True),
        ([(n, n) for n in range(8)] + [(8, 0), (9, 0)], False),
        ([(True, True)] * 19 + [(False, True)], False),
        ([(f"text {n}", f"text {n}") for n in range(19)] + [(None, "of the next one")], False),
        ([(["a", "b"], ["b", "a"])] * 5, True),
    ],
)
def test_values_are_as_stored_also_where_they_are_rare(pairs: list[tuple[Any, Any]], *, enough: bool) -> None:
    assert are_as_stored(pairs, LEAST_EQUAL) is enough


@pytest.mark.parametrize(("behind", "goes_on"), [("the rest", True), ("the first page again", False), ("", False)])
def test_a_next_link_has_to_lead_to_more_entries(
    database: Mongo, config: Config, behind: str, *, goes_on: bool
) -> None:
    first, rest = (Shop(*(getattr(SHOP, name)[part] for name in SHOP.__dataclass_fields__))
                   for part in (slice(5), slice(5, 8)))  # fmt: skip
    page = first.page(CARD, old=OLD).replace("</main>", '</main><a class="pg" href="?page=2">Next</a>')
    pages = {"the rest": rest.page(CARD, old=OLD), "the first page again": page, "": "<p>Our shops</p>"}
    run = Run(spider=OffersSpider.name, state="finished", verdict="unknown", started_at=NOW, heartbeat_at=NOW).save()
    keep(database, run.id, page)
    keep(database, run.id, pages[behind], url=f"{START}?page=2")
    database.healed_offers.insert_many(SHOP.stored())
    healing = heal(OffersSpider.name, OffersSpider, database, config)
    assert '+    pagination = NextLink("a.pg")' in healing.patch.splitlines()
    said = "pagination: the page that follows was not had, or has no more entries"
    assert healing.refused == ([] if goes_on else [said])


NUMBERED = '<p class="pages"><a href="/?seite=2">2</a> <a href="/?seite=3">3</a></p>'


def test_a_list_that_goes_on_by_numbers_now_is_mended_though_it_had_a_next_link(
    database: Mongo, config: Config
) -> None:
    page = SHOP.page(CARD, "<div>{}</div>", OLD)
    more = replace(SHOP, names=tuple(f"a further {name}" for name in SHOP.names))
    database.healed_offers.insert_many(more.stored())
    run = Run(spider=OffersSpider.name, state="finished", verdict="unknown", started_at=NOW, heartbeat_at=NOW).save()
    second = more.page(CARD, "<div>{}</div>", OLD).replace("</main>", f"{NUMBERED}</main>")
    keep(database, run.id, second, url=f"{START}?seite=2")
    healing = healed(database, config, page.replace("</main>", f"{NUMBERED}</main>"), run=run)
    assert healing.refused == []
    assert '+    pagination = PageNumbers("?seite={page}")' in healing.patch.splitlines()
    imported = next(line for line in healing.text.splitlines() if line.startswith("from scraper import"))
    assert "PageNumbers" in imported
    assert "NextLink" in imported, "the other spider of the file has one still"


def test_a_field_that_no_record_of_the_first_page_has_is_looked_for_on_another(database: Mongo, config: Config) -> None:
    later = replace(SHOP, old_prices=(None,) * 6 + (80, 61))
    first, rest = (Shop(*(getattr(later, name)[part] for name in SHOP.__dataclass_fields__))
                   for part in (slice(6), slice(6, 8)))  # fmt: skip
    stored = later.stored()
    for row in stored[6:]:
        row["url"] = f"{START}?page=2"
    database.healed_offers.insert_many(stored)
    run = Run(spider=OffersSpider.name, state="finished", verdict="unknown", started_at=NOW, heartbeat_at=NOW).save()
    keep(database, run.id, first.page(CARD, old=OLD).replace("</main>", '</main><a class="next" href="?page=2">2</a>'))
    keep(database, run.id, rest.page(CARD, old=OLD), url=f"{START}?page=2")
    healing = heal(OffersSpider.name, OffersSpider, database, config)
    assert "Offer.old_price: 8 of 8 stored values" in healing.evidence
    database[PAGES].delete_one({"url": f"{START}?page=2"})
    healing = heal(OffersSpider.name, OffersSpider, database, config)
    said = "Offer.old_price: 2 stored records have a value, and none of them stands on today's pages"
    assert (healing.text, healing.refused) == ("", [said])


def test_a_value_that_is_the_same_everywhere_needs_its_name_at_the_place(database: Mongo, config: Config) -> None:
    said = CARD.replace('<i class="pieces">2 pieces</i>', "<i>2 pieces</i>")
    assert healed(database, config, SHOP.page(said, old=OLD)).refused == []
    database.client.drop_database(database.name)
    unnamed = CARD.replace('<i class="pieces">2 pieces</i>', "<i>2</i><u>2</u>")
    healing = healed(database, config, SHOP.page(unnamed, old=OLD))
    assert healing.refused == [
        "Offer.pieces: all 8 stored values are 2, and nothing on the pages has its name",
    ]


def test_the_gate_holds_what_a_run_usually_finds_against_the_repair(database: Mongo, config: Config) -> None:
    """Eight known offers are read right, but thirty new ones have no stock: runs had it in all of theirs."""
    for day in range(2, 8):
        began = NOW - timedelta(days=day)
        counts = {"found": 40, "filled": {"name": 40, "price": 40, "stock": 40, "pieces": 40}}
        quality = Quality(records=[RecordsQuality(collection="healed_offers", **counts)])
        Run(spider=OffersSpider.name, state="finished", verdict="complete", started_at=began, heartbeat_at=began,
            quality=quality).save()  # fmt: skip
    fresh = "".join(CARD.format(name=f"new lamp {n}", price="£5.00", old="", stock="", tags="") for n in range(30))
    page = SHOP.page(CARD, old=OLD).replace("</main>", f"{fresh}</main>")
    healing = healed(database, config, page)
    assert healing.text
    assert [why for why in healing.refused if "`stock` is empty in 79 %" in why], healing.refused


def test_a_record_that_would_be_refused_refuses_the_repair(database: Mongo, config: Config) -> None:
    bad = CARD.format(name="A lamp without a price", price="", old="", stock=1, tags="")
    healing = healed(database, config, SHOP.page(CARD, old=OLD).replace("</main>", f"{bad}</main>"))
    assert healing.refused == [
        "1 of 9 records would be refused, the first because of price: nothing was found, expected a value"
    ]


def test_what_a_suspect_run_has_changed_is_looked_for_as_it_was_before(database: Mongo, config: Config) -> None:
    database.healed_offers.insert_many(SHOP.stored())
    times = {"state": "finished", "spider": OffersSpider.name}
    good = NOW - timedelta(hours=20)
    Run(**times, verdict="complete", started_at=good, heartbeat_at=good).save()
    broken = NOW - timedelta(hours=2)
    Run(**times, verdict="unknown", suspect=True, started_at=broken, heartbeat_at=broken).save()
    for row in database.healed_offers.find():
        change = {"record": row["_id"], "field": "price", "old": row["price"], "new": Decimal128("1"), "when": broken}
        database[Change._get_collection_name()].insert_one(
            {"_id": str(row["_id"]), "records": "healed_offers", **change}
        )
    database.healed_offers.update_many({}, {"$set": {"price": Decimal128("1"), "changed_at": broken}})
    run = Run(**times, verdict="unknown", started_at=NOW, heartbeat_at=NOW).save()
    keep(database, run.id, SHOP.page(CARD, old=OLD))
    healing = heal(OffersSpider.name, OffersSpider, database, config)
    assert "Offer.price: 8 of 8 stored values" in healing.evidence


def test_a_spider_that_reads_everything_is_left_alone(database: Mongo, config: Config) -> None:
    healing = healed(database, config, old_page())
    assert (healing.mended, healing.refused, healing.text) == ([], [], "")


def test_what_cannot_be_healed_is_one_line(database: Mongo, config: Config) -> None:
    for verdict, said in (("", "has no run"), ("complete", "there is nothing to mend"), ("unknown", "no records of")):
        if verdict:
            Run(spider=OffersSpider.name, state="finished", verdict=verdict, started_at=NOW, heartbeat_at=NOW).save()
        with pytest.raises(UsageError, match=said) as fault:
            heal(OffersSpider.name, OffersSpider, database, config)
        assert "\n" not in str(fault.value)
        Run.objects.delete()
    Run(spider=OwnParse.name, state="finished", verdict="unknown", started_at=NOW, heartbeat_at=NOW).save()
    with pytest.raises(UsageError, match="follows pages by a `parse` of its own"):
        heal(OwnParse.name, OwnParse, database, config)
    assert run_to_heal(OwnParse.name)["verdict"] == "unknown"


def test_a_patch_has_the_lines_that_a_file_has() -> None:
    source = SpiderSource(BooksSpider)
    source.text = "a = 1\r\nb = '\x0c\u2028'\n\tc"
    patch = source.patch_to(source.text.replace("a = 1", "a = 2")).split("\n")
    assert patch[3:] == ["-a = 1\r", "+a = 2\r", " b = '\x0c\u2028'", " \tc", "\\ No newline at end of file", ""]


SHARED_LINE = """from scraper import SiteSpider, first


class Lines(SiteSpider):
    name = "lines"
    start_url = "http://offers.example/"

    def read_item(self, page, item):
        one = first(item, "b::text"); two = first(item, "i::text")
        yield Offer.found(page, name=one.strip(), price=two)
"""


def test_a_variable_that_shares_its_line_stays_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "shared_line.py"
    file.write_text(SHARED_LINE)
    monkeypatch.syspath_prepend(tmp_path)
    source = SpiderSource(import_module("shared_line").Lines)
    name, _ = source.fields
    text = source.patched([field_edit(name, "u::text", many=False)])
    assert text == SHARED_LINE.replace("one.strip()", 'first(item, "u::text")')


CHAINED = """from scraper import SiteSpider, first


class Chained(SiteSpider):
    name = "chained"
    start_url = "http://offers.example/"

    def read_item(self, page, item):
        rest, _, stock = (first(item, "b::text") or "").rpartition(" Stock: ")
        shown = kept = first(item, "i::text")
        name, _, price = rest.rpartition(" Price: ")
        total = 0
        total += len(kept)
        yield Offer.found(page, name=name, price=price, stock=USED, tags=shown.split())
"""


@pytest.mark.parametrize(("stock", "stays"), [("first(item, 'u::text')", False), ("stock.strip()", True)])
def test_a_patch_leaves_out_what_was_there_for_an_unused_variable_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stock: str, stays: bool
) -> None:
    module = f"chained_{stays}"
    (tmp_path / f"{module}.py").write_text(CHAINED.replace("USED", stock))
    monkeypatch.syspath_prepend(tmp_path)
    source = SpiderSource(import_module(module).Chained)
    text = source.patched(
        [field_edit(one, "u::text", many=False) for one in source.fields if one.name in ("name", "price", "tags")]
    )
    assert "name, _, price" not in text
    assert ("rest, _, stock" in text) is stays
    # Each of these gives something to a variable that is used elsewhere.
    assert 'shown = kept = first(item, "i::text")' in text
    assert "total = 0" in text


def test_a_patch_leaves_out_what_nothing_uses_any_more_and_takes_hostile_names_as_text() -> None:
    source = SpiderSource(BooksSpider)
    edits = [field_edit(place, "b.x::text", many=False) for place in source.fields]
    text = source.patched(edits)
    assert "facts" not in text
    assert "from scraper import NextLink, SiteSpider, first\n" in text
    assert 'title=first(page, "b.x::text")' in text
    assert source.patched([]) == source.text
    assert quoted('x");import os#\n') == '"x\\");import os#\\n"'
