"""Spiders to be healed whose lists are no plain pages: data of an API or in pages, HTML in JSON, a sitemap."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from healed_offers import Offer

from scraper import NextLink, PageNumbers, Sitemap, SiteSpider, first


class AnswersSpider(SiteSpider):
    """Stores offers that an API answers."""

    name = "healed_answers"
    start_url = "http://offers.example/"
    records = (Offer,)
    pagination = PageNumbers("api/offers?page={page}", json="products", more="has_next", total="count")

    def read_data(self, page: Any, data: Any) -> Iterator[Any]:
        """Read an offer of the API."""
        yield Offer.found(
            page,
            name=data["title"],
            price=data["price"],
            currency=data.get("currency"),
            old_price=(data.get("before") or {}).get("price"),
            stock=data.get("stock"),
            tags=data.get("tags"),
        )


class MoreSpider(SiteSpider):
    """Stores offers whose further ones a button asks for by POST."""

    name = "healed_more"
    start_url = "http://offers.example/"
    records = (Offer,)
    items = "div.offer"
    pagination = PageNumbers("more", post={"page": "{page}"}, html="html", more="more")

    def read_item(self, page: Any, item: Any) -> Iterator[Any]:
        """Read an offer."""
        yield Offer.found(
            page,
            name=first(item, "h3::text"),
            price=first(item, "span.price::text"),
            old_price=first(item, "span.old-price::text"),
        )


class InsideSpider(SiteSpider):
    """Stores offers that pages carry as data."""

    name = "healed_inside"
    start_url = "http://offers.example/"
    records = (Offer,)
    pagination = NextLink("a.next")

    def read_data(self, page: Any, data: Any) -> Iterator[Any]:
        """Read an offer of the page's script."""
        yield Offer.found(page, name=data["title"], price=data["price"], stock=data.get("stock"), tags=data["tags"])


class MappedSpider(SiteSpider):
    """Stores offers whose pages a sitemap names."""

    name = "healed_mapped"
    start_url = "http://offers.example/"
    records = (Offer,)
    pagination = Sitemap("/product/", patience=4)

    def read_page(self, page: Any) -> Iterator[Any]:
        """Read an offer's page."""
        yield Offer.found(
            page,
            name=first(page, "h1::text"),
            price=first(page, "span.price::text"),
            stock=first(page, "span.stock::text"),
        )
