"""A spider with its document, to be healed: offers of a shop, with an old price and a voucher that some have."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from scraper import (
    Decimal128Field,
    IntField,
    ListField,
    NextLink,
    Record,
    SiteSpider,
    StringField,
    cleaners,
    first,
    texts,
)


class Offer(Record):
    """An offer."""

    meta: ClassVar = {"collection": "healed_offers"}

    name = StringField(required=True, key=True, clean=cleaners.one_line)
    price = Decimal128Field(required=True, clean=cleaners.amount)
    currency = StringField(clean=cleaners.currency_code)
    old_price = Decimal128Field(clean=cleaners.amount)
    stock = IntField(clean=cleaners.count)
    pieces = IntField(clean=cleaners.count)
    tags = ListField(StringField(), clean=cleaners.labels)


class OffersSpider(SiteSpider):
    """Stores every offer."""

    name = "healed_offers"
    start_url = "http://offers.example/"
    records = (Offer,)
    items = "div.offer"
    pagination = NextLink("a.next")

    def read_item(self, page: Any, item: Any) -> Iterator[Any]:
        """Read an offer."""
        price = first(item, "span.price::text")
        yield Offer.found(
            page,
            name=first(item, "h3::text"),
            price=price,
            currency=price,
            old_price=first(item, "span.old-price::text"),
            stock=first(item, "span.stock::text"),
            pieces=(first(item, "span.pieces::text") or "").partition(" ")[0],
            tags=texts(item, "a.tag::text"),
        )


class LinesSpider(SiteSpider):
    """Stores offers whose name, price and stock stand in one text."""

    name = "healed_lines"
    start_url = "http://offers.example/"
    records = (Offer,)
    items = "p.line"
    pagination = NextLink("a.next")

    def read_item(self, page: Any, item: Any) -> Iterator[Any]:
        """Read a line: `A lamp Price: £31.00 Stock: 4`."""
        rest, _, stock = (first(item, "span.all::text") or "").rpartition(" Stock: ")
        name, _, price = rest.rpartition(" Price: ")
        yield Offer.found(page, name=name, price=price, stock=stock, tags=texts(item, "a.tag::text"))


class LinkedSpider(SiteSpider):
    """Stores offers that have pages of their own; stock and price stand in the list alone."""

    name = "healed_linked"
    start_url = "http://offers.example/"
    records = (Offer,)
    items = "div.offer"
    link = "h3 a"

    def read_listed(self, page: Any, item: Any) -> dict[str, Any]:
        """Read what the list alone shows of an offer."""
        price, _, _ = (first(item, "span.price::text") or "").partition(" a piece")
        return {"left": first(item, "span.stock::text"), "price": price}

    def read_page(self, page: Any, left: Any, price: Any = None) -> Iterator[Any]:
        """Read the page of an offer; the list has shown the rest."""
        yield Offer.found(page, name=first(page, "h1::text"), price=price, stock=left, tags=texts(page, "a.tag::text"))


class OwnParse(SiteSpider):
    """Reads its pages itself."""

    name = "healed_by_hand"
    start_url = "http://offers.example/"
    records = (Offer,)

    def parse(self, response: Any, **_: Any) -> Iterator[Any]:
        """Read nothing."""
        yield from ()
