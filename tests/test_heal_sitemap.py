"""`swathe heal` where a sitemap names the records' pages: it moved, or they did; and what is refused."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from healed_lists import MappedSpider
from test_heal import NOW, SHOP, config

from models.system import Run
from scraper.heal.healing import heal

if TYPE_CHECKING:
    from pymongo.database import Database

    from scraper.core.config import Config
    from scraper.heal.outcome import Healing

    Mongo = Database[dict[str, Any]]

__all__ = ["config"]

OFFER = '<h1>{name}</h1><span class="price">{price}</span><span class="stock">{stock}</span>'
NEW_OFFER = '<h2 class="what">{name}</h2><p>costs <b class="price-now">{price}</b></p><i class="stock-left">{stock}</i>'
STATIC = ("about/us", "about/jobs", "")


class Site(BaseHTTPRequestHandler):
    """A shop with a sitemap, by what its addresses answer."""

    pages: ClassVar[dict[str, str]] = {}
    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        text = self.pages.get(self.path)
        self.send_response(404 if text is None else 200)
        self.send_header("Content-Length", str(len((text or "").encode())))
        self.end_headers()
        self.wfile.write((text or "").encode())

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def healed(
    database: Mongo, config: Config, folders: tuple[str, ...], *, layout: str = OFFER, at: str = "/sitemap.xml",
    named: str = "", index: bool = False, shown: int = 8,
) -> Healing:  # fmt: skip
    """Heal the spider of a shop that shows its offers in these folders now, in turn; they were in `product`."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Site) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        start = f"http://127.0.0.1:{server.server_port}/"
        rows = SHOP.rows[:shown]
        offers = {f"/{folders[n % len(folders)]}{n}": layout.format(name=name, price=f"£{price}.00", stock=stock)
                  for n, (name, price, _, stock, _) in enumerate(rows)}  # fmt: skip
        pages = offers | {f"/{path}": "<h1>Our shops</h1>" for path in STATIC}
        listed = "".join(f"<url><loc>{start.rstrip('/')}{path}</loc></url>" for path in pages)
        urlset = f"<?xml version='1.0'?><urlset>{listed}</urlset>"
        part = f"<sitemapindex><sitemap><loc>{start}part.xml</loc></sitemap></sitemapindex>"
        Site.pages = {path: f"<html><body>{text}</body></html>" for path, text in pages.items()}
        Site.pages |= {"/part.xml": urlset, at: part} if index else {at: urlset}
        if named:
            Site.pages["/robots.txt"] = f"User-agent: *\nAllow: /\nSitemap: {start.rstrip('/')}{named}\n"
        Site.asked = []
        database.healed_offers.insert_many(
            [{**row, "old_price": None, "pieces": None, "tags": [], "currency": None, "url": f"{start}product/{n}"}
             for n, row in enumerate(SHOP.stored())]
        )  # fmt: skip
        about = {"state": "finished", "verdict": "unknown", "started_at": NOW, "heartbeat_at": NOW}
        Run(spider=MappedSpider.name, arguments={"start": start}, **about).save()
        healing = heal(MappedSpider.name, MappedSpider, database, config)
        server.shutdown()
    assert len(Site.asked) <= 13
    return healing


@pytest.mark.parametrize("layout", [OFFER, NEW_OFFER])
def test_pages_with_other_addresses_are_followed_where_they_show_the_known_records(
    database: Mongo, config: Config, layout: str
) -> None:
    healing = healed(database, config, ("goods/item-",), layout=layout)
    assert healing.refused == []
    assert '+    pagination = Sitemap("/goods/", patience=4)' in healing.patch.splitlines()
    assert ("Offer.price" in {one.what for one in healing.mended}) is (layout == NEW_OFFER)
    assert "Offer.price: 6 of 6 stored values" in healing.evidence


@pytest.mark.parametrize("index", [False, True])
def test_a_sitemap_that_moved_is_found_by_robots_txt(database: Mongo, config: Config, *, index: bool) -> None:
    healing = healed(database, config, ("product/",), at="/maps/all.xml", named="/maps/all.xml", index=index)
    assert healing.refused == []
    assert '+    pagination = Sitemap("/product/", "/maps/all.xml", patience=4)' in healing.patch.splitlines()
    assert "Offer.stock: 6 of 6 stored values" in healing.evidence


def test_a_sitemap_that_is_followed_still_is_left_and_the_fields_are_mended(database: Mongo, config: Config) -> None:
    healing = healed(database, config, ("product/",), layout=NEW_OFFER)
    assert healing.refused == []
    assert {one.what for one in healing.mended} == {"Offer.name", "Offer.price", "Offer.stock"}


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "no sitemap": ({"folders": ("product/",), "at": "/elsewhere.xml"}, "and robots.txt names no other"),
    "none where it is named": (
        {"folders": ("product/",), "at": "/elsewhere.xml", "named": "/gone.xml"},
        "/gone.xml, which is none",
    ),
    "two kinds of addresses": ({"folders": ("goods/", "sale/")}, "several kinds show known records: /goods/, /sale/"),
    "no folder": ({"folders": ("item-",)}, "those that show known records have no folder of their own"),
    "pages without the key": (
        {"folders": ("goods/",), "layout": OFFER.replace("{name}", "An offer")},
        "none of the 11 addresses in",
    ),
    "half of the records": ({"folders": ("goods/",), "shown": 4}, "4 addresses in"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_may_be_wrong_in_a_sitemap_is_refused_and_named(database: Mongo, config: Config, name: str) -> None:
    given, said = REFUSED[name]
    healing = healed(database, config, **given)
    assert healing.text == ""
    (why,) = healing.refused
    assert why.startswith("pagination: ")
    assert said in why
