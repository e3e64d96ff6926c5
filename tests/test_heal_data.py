"""`swathe heal` where records are data: keys that were renamed or moved, and what looks like it and is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from healed_lists import AnswersSpider, InsideSpider, MoreSpider
from test_heal import CARD, NOW, OLD, SHOP, START, Shop, config, keep

from models.system import Run
from scraper.errors import UsageError
from scraper.heal.healing import heal

if TYPE_CHECKING:
    from collections.abc import Callable

    from pymongo.database import Database

    from scraper.core.config import Config
    from scraper.heal.outcome import Healing
    from scraper.spider import SiteSpider

    Mongo = Database[dict[str, Any]]

__all__ = ["config"]

FIRST, REST = (
    Shop(*(getattr(SHOP, name)[part] for name in SHOP.__dataclass_fields__)) for part in (slice(5), slice(5, 8))
)


def as_before(name: str, price: int, old: int | None, stock: int, tags: tuple[str, ...]) -> dict[str, Any]:
    """Return an entry as the spiders were written for."""
    before = {"price": old} if old else None
    return {"title": name, "price": price, "currency": "GBP", "before": before, "stock": stock, "tags": list(tags)}


def as_moved(name: str, price: int, old: int | None, stock: int, tags: tuple[str, ...]) -> dict[str, Any]:
    """Return an entry in which everything is called otherwise, or stands elsewhere."""
    cost = {"current": f"{price}.00", "previous": f"£{old}" if old else None, "unit": "GBP"}
    labels = [{"id": n, "label": tag} for n, tag in enumerate(tags)]
    return {"name": name, "prices": cost, "inventory": {"units": stock}, "labels": labels, "rank": stock % 3}


def answer(shop: Shop, entry: Callable[..., dict[str, Any]], path: str = "items", **beside: Any) -> str:
    """Return what the API answers with a shop's offers."""
    return json.dumps({path: [entry(*row) for row in shop.rows], **beside})


def healed(
    database: Mongo,
    config: Config,
    pages: dict[str, str],
    shop: Shop = SHOP,
    kind: type[SiteSpider] = AnswersSpider,
    *,
    keep_old: bool = False,
    url: str = START,
) -> Healing:
    """Heal a spider whose run of today kept these pages, by what follows the start page's address."""
    for row in shop.stored():
        database.healed_offers.insert_one({**row, "pieces": None, "url": url})
    run = Run(spider=kind.name, state="finished", verdict="unknown", started_at=NOW, heartbeat_at=NOW).save()
    for address, body in pages.items():
        keep(database, run.id, body, url=f"{START}{address}")
    return heal(kind.name, kind, database, config, keep_old=keep_old)


def both(entry: Callable[..., dict[str, Any]], first: Shop = FIRST, **beside: Any) -> dict[str, str]:
    """Return both pages of the API after its redesign."""
    more = {"meta": {"hasMore": True, "total": 8}, "count": None, **beside}
    return {
        "api/offers?page=1": answer(first, entry, **more),
        "api/offers?page=2": answer(REST, entry, **{**more, "meta": {"hasMore": False, "total": 8}}),
    }


def test_keys_that_were_renamed_or_moved_are_read_where_the_stored_values_stand(
    database: Mongo, config: Config
) -> None:
    healing = healed(database, config, both(as_moved))
    assert healing.refused == []
    assert {one.what: one.now for one in healing.mended} == {
        "json": "items",
        "total": "meta.total",
        "more": "meta.hasMore",
        "Offer.name": 'data.get("name")',
        "Offer.price": 'data["prices"].get("current")',
        "Offer.currency": 'data["prices"].get("unit")',
        "Offer.old_price": 'data["prices"].get("previous")',
        "Offer.stock": 'data["inventory"].get("units")',
        "Offer.tags": 'data.get("labels") and [one.get("label") for one in data.get("labels")]',
    }
    assert (
        '+    pagination = PageNumbers("api/offers?page={page}", json="items", more="meta.hasMore", total="meta.total")'
        in (healing.patch.splitlines())
    )
    assert {f"Offer.{name}: 8 of 8 stored values" for name in ("name", "price", "stock", "tags")} <= set(
        healing.evidence
    )


def test_one_key_at_which_the_spider_fails_leaves_the_others_as_they_are(database: Mongo, config: Config) -> None:
    def renamed(*row: Any) -> dict[str, Any]:
        entry = as_before(*row)
        return {"headline": entry.pop("title"), **entry}

    pages = {
        name: text.replace('"items"', '"products"') for name, text in both(renamed, has_next=True, count=8).items()
    }
    healing = healed(database, config, pages)
    assert healing.refused == []
    assert [(one.what, one.now) for one in healing.mended] == [("Offer.name", 'data.get("headline")')]


def test_data_that_pages_carry_is_mended_with_the_way_to_the_next_page(database: Mongo, config: Config) -> None:
    def page(shop: Shop, link: str) -> str:
        script = f'<script id="state" type="application/json">{answer(shop, as_moved, "offers", menu=["a"])}</script>'
        return f"<html><body><h1>Offers</h1>{link}{script}</body></html>"

    pages = {"": page(FIRST, '<a class="pg" href="?page=2">Next</a>'), "?page=2": page(REST, "")}
    healing = healed(database, config, pages, kind=InsideSpider)
    assert healing.refused == []
    assert {one.what for one in healing.mended} == {
        "pagination", "Offer.name", "Offer.price", "Offer.stock", "Offer.tags",
    }  # fmt: skip
    assert '+    pagination = NextLink("a.pg")' in healing.patch.splitlines()


def changed(**keys: Callable[[dict[str, Any]], Any]) -> Callable[..., dict[str, Any]]:
    """Return how an entry is written with other values at some keys; None for none."""

    def entry(*row: Any) -> dict[str, Any]:
        before = as_before(*row)
        return {**before, **{key: value(before) for key, value in keys.items()}}

    return entry


FULL = replace(SHOP, old_prices=tuple(price + 7 for price in SHOP.prices))
REFUSED = {
    "price and old price are swapped": (
        FULL,
        changed(price=lambda one: one["before"]["price"], before=lambda one: {"price": one["price"]}),
        "Offer.price: its stored values stand where",
    ),
    "price and old price are swapped, and one is called otherwise": (
        FULL,
        lambda *row: {**as_before(*row), "price": row[2], "before": None, "x": row[1]},
        "Offer.old_price: its stored values stand where `price` is read (data['price']): were they swapped?",
    ),
    "the stored price is the one before a sale": (
        replace(SHOP, old_prices=(None,) * 8),
        changed(price=lambda one: one["price"] - 3, list_price=lambda one: one["price"]),
        "but there is another price, such as '28'",
    ),
    "the stored price is the old one": (
        replace(SHOP, old_prices=(None,) * 8),
        changed(price=lambda one: one["price"] - 3, was=lambda one: one["price"]),
        "Offer.price: its stored values stand where the pages show an old price",
    ),
    "prices are in pence": (
        SHOP,
        changed(price=lambda one: None, pence=lambda one: one["price"] * 100),
        "Offer.price: its stored values, such as '31', stand on none",
    ),
    "all values are others": (
        replace(SHOP, names=tuple(f"Chair {number}" for number in range(8))),
        as_moved,
        "json: 0 of the 8 known records stand in one list",
    ),
    "one field's values are those of other records": (
        replace(SHOP, stocks=(*SHOP.stocks[1:], SHOP.stocks[0])),
        as_moved,
        "Offer.stock: its stored values, such as '17', stand on none",
    ),
    "nothing says that there are more": (
        SHOP,
        lambda *row: as_moved(*row),
        "pagination: nothing in http://offers.example/api/offers?page=1 stands for more = 'has_next'",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_may_be_wrong_in_data_is_refused_and_named(database: Mongo, config: Config, name: str) -> None:
    stored, entry, said = REFUSED[name]
    shown = replace(stored, names=SHOP.names, stocks=SHOP.stocks)
    first, rest = (Shop(*(getattr(shown, field)[part] for field in SHOP.__dataclass_fields__))
                   for part in (slice(5), slice(5, 8)))  # fmt: skip
    beside = {} if name.startswith("nothing says") else {"has_next": True}
    pages = {"api/offers?page=1": answer(first, entry, **beside), "api/offers?page=2": answer(rest, entry)}
    healing = healed(database, config, pages, stored)
    assert healing.text == ""
    assert any(said in why for why in healing.refused), healing.refused
    assert not any("\n" in why for why in healing.refused)


def test_a_list_that_became_two_is_no_repair(database: Mongo, config: Config) -> None:
    lists = {"featured": [as_moved(*row) for row in FIRST.rows], "others": [as_moved(*row) for row in REST.rows]}
    address = "api/offers?page=1"
    healing = healed(database, config, {address: json.dumps(lists)}, url=f"{START}{address}")
    assert healing.text == ""
    assert healing.refused == [f"json: featured has 5 of the 8 known records on {START}api/offers?page=1"]


def test_the_second_page_has_to_have_other_entries(database: Mongo, config: Config) -> None:
    pages = both(as_moved)
    pages["api/offers?page=2"] = pages["api/offers?page=1"]
    healing = healed(database, config, pages)
    assert healing.refused == ["pagination: the page that follows was not had, or has no more entries"]


def test_what_is_no_json_is_said_and_the_old_keys_cannot_be_kept(database: Mongo, config: Config) -> None:
    healing = healed(database, config, {"api/offers?page=1": "<html><h1>Log in</h1></html>"})
    (why,) = healing.refused
    assert why.startswith("json: http://offers.example/api/offers?page=1 answered '<html>")
    database.client.drop_database(database.name)
    healing = healed(database, config, both(as_moved), keep_old=True)
    assert healing.refused == ["json: records that are data are read in one way: leave --keep-old out"]


def test_a_spider_of_data_that_reads_everything_is_left_alone(database: Mongo, config: Config) -> None:
    pages = {"api/offers?page=1": answer(SHOP, as_before, "products", has_next=False, count=8)}
    healing = healed(database, config, pages)
    assert (healing.mended, healing.refused, healing.text) == ([], [], "")


def test_a_spider_without_a_read_data_of_its_own_is_one_line(database: Mongo, config: Config) -> None:
    class Bare(AnswersSpider):
        name = "healed_bare"

    Run(spider=Bare.name, state="finished", verdict="unknown", started_at=NOW, heartbeat_at=NOW).save()
    with pytest.raises(UsageError, match="no `read_data` with"):
        heal(Bare.name, Bare, database, config)


def more(shop: Shop, path: str = "payload.cards", **beside: Any) -> str:
    """Return what a button's POST answers: HTML in JSON."""
    cards = shop.page(CARD, "{}", OLD).partition("<main>")[2].partition("</main>")[0]
    outer, _, inner = path.partition(".")
    return json.dumps({outer: {inner: cards, "note": "<p>Our shops</p>"}, **beside})


@pytest.mark.parametrize(
    ("answered", "said"),
    [
        (more(REST, state={"hasMore": False}), ""),
        (
            more(FIRST, state={"hasMore": False}),
            "pagination: the page that follows was not had, or has no more entries",
        ),
        (json.dumps({"state": {"hasMore": False}}), "stands for html = 'html', which said what follows"),
        (more(REST), "stands for more = 'more', which said what follows"),
        ("<p>Not here</p>", "expected JSON"),
        ("", "pagination: what follows was not had: http://offers.example/"),
    ],
    ids=["moved", "the same again", "no HTML", "no more", "no JSON", "nothing"],
)
def test_a_list_that_goes_on_by_a_post_is_mended_where_its_html_stands_now(
    database: Mongo, config: Config, answered: str, said: str
) -> None:
    database.healed_offers.insert_many(SHOP.stored())
    run = Run(spider=MoreSpider.name, state="finished", verdict="unknown", started_at=NOW, heartbeat_at=NOW).save()
    keep(database, run.id, FIRST.page(CARD, "<div>{}</div>", OLD))
    keep(database, run.id, "<p>not by GET</p>", url=f"{START}more")
    if answered:
        keep(database, run.id, answered, url=f"{START}more", posted=b"page=2")
    healing = heal(MoreSpider.name, MoreSpider, database, config)
    if said:
        assert any(said in why for why in healing.refused), healing.refused
        return
    assert healing.refused == []
    assert [(one.what, one.now) for one in healing.mended][:3] == [
        ("items", "article.card"),
        ("html", "payload.cards"),
        ("more", "state.hasMore"),
    ]
    assert 'post={"page": "{page}"}, html="payload.cards", more="state.hasMore")' in healing.patch


def test_with_the_old_selectors_a_place_in_answers_cannot_stay(database: Mongo, config: Config) -> None:
    database.healed_offers.insert_many(SHOP.stored())
    run = Run(spider=MoreSpider.name, state="finished", verdict="unknown", started_at=NOW, heartbeat_at=NOW).save()
    keep(database, run.id, FIRST.page(CARD, "<div>{}</div>", OLD))
    keep(database, run.id, more(REST, state={"hasMore": False}), url=f"{START}more", posted=b"page=2")
    (why,) = heal(MoreSpider.name, MoreSpider, database, config, keep_old=True).refused
    assert why == "pagination: html is 'payload.cards' now, and has no place for 'html': leave --keep-old out"


class Shelf(BaseHTTPRequestHandler):
    """A shop whose further offers are asked for by POST."""

    asked: ClassVar[list[tuple[str, bytes]]] = []

    def do_GET(self) -> None:
        self._answer(FIRST.page(CARD, "<div>{}</div>", OLD) if self.path == "/" else "User-agent: *\nAllow: /\n")

    def do_POST(self) -> None:
        self.asked.append((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
        if self.path == "/more":
            self._answer(more(REST, state={"hasMore": False}))

    def _answer(self, text: str) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def test_a_post_is_sent_as_the_crawl_sends_it_where_the_run_has_kept_none(database: Mongo, config: Config) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Shelf) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        start = f"http://127.0.0.1:{server.server_port}/"
        database.healed_offers.insert_many([{**row, "url": start} for row in SHOP.stored()])
        about = {"state": "finished", "verdict": "unknown", "started_at": NOW, "heartbeat_at": NOW}
        Run(spider=MoreSpider.name, arguments={"start": start}, **about).save()
        healing = heal(MoreSpider.name, MoreSpider, database, config)
        server.shutdown()
    assert healing.refused == []
    assert healing.looked_at == "2 pages fetched"
    assert Shelf.asked == [("/more", b"page=2")]
