"""The quotes, authors and books of the practice site: what is true of each, and what its page shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from scraper.demo import paths

STARS = (None, "One", "Two", "Three", "Four", "Five")
"""The class name that shows a rating, by its number of stars."""

SIGNS = {"GBP": "£", "EUR": "€"}


@dataclass(frozen=True)
class Quote:
    """One saying; `text` is None when the page shows none, and the record must then be refused."""

    text: str | None
    author: str
    tags: tuple[str, ...] = ()
    also_on_page: int | None = None
    awkward: str | None = None
    shown: Mapping[str, Any] = field(default_factory=dict)
    refused: tuple[str, ...] = ()

    def record(self) -> dict[str, Any]:
        """Return what a perfect scrape stores."""
        return {"text": self.text, "author": self.author, "tags": list(self.tags)}

    def on_page(self) -> dict[str, Any]:
        """Return the raw text of each field as the page shows it."""
        return {"text": f"“{self.text}”", "author": self.author, "tags": list(self.tags), **self.shown}


@dataclass(frozen=True)
class Author:
    """One author, with a page of their own."""

    name: str
    born_date: date
    born_location: str
    description: str
    awkward: str | None = None
    shown: Mapping[str, Any] = field(default_factory=dict)

    @property
    def path(self) -> str:
        """The path of the author's page."""
        return paths.author(self.name)

    def record(self) -> dict[str, Any]:
        """Return what a perfect scrape stores; the date of birth is midnight UTC."""
        return {
            "name": self.name,
            "born_date": datetime(self.born_date.year, self.born_date.month, self.born_date.day, tzinfo=UTC),
            "born_location": self.born_location,
            "description": self.description,
        }

    def on_page(self) -> dict[str, Any]:
        """Return the raw text of each field as the page shows it."""
        return {
            "name": self.name,
            "born_date": f"{self.born_date:%B} {self.born_date.day:02}, {self.born_date.year}",
            "born_location": f"in {self.born_location}",
            "description": self.description,
            **self.shown,
        }


@dataclass(frozen=True)
class Book:
    """One product; a required field is None when its page does not tell it, and the record must then be refused.

    `number` is its place in the shop's list, counted from 1; `image` is relative to the folder `/books/`.
    """

    number: int
    upc: str | None
    title: str | None
    price: Decimal | None
    currency: str | None
    in_stock: bool
    stock: int
    rating: int | None
    category: str
    description: str | None
    reviews: int
    image: str
    also_on_page: int | None = None
    awkward: str | None = None
    shown: Mapping[str, Any] = field(default_factory=dict)
    refused: tuple[str, ...] = ()

    @property
    def path(self) -> str:
        """The path of the product page."""
        return paths.book(paths.slugify(self.title or "untitled"), self.number)

    @property
    def image_path(self) -> str:
        """The path of the cover."""
        return f"/books/{self.image}"

    def record(self, base: str = "") -> dict[str, Any]:
        """Return what a perfect scrape of the site at `base` (such as `http://127.0.0.1:8100/`) stores."""
        return {
            "upc": self.upc,
            "title": self.title,
            "price": self.price,
            "currency": self.currency,
            "in_stock": self.in_stock,
            "stock": self.stock,
            "rating": self.rating,
            "category": self.category,
            "description": self.description,
            "reviews": self.reviews,
            "image_url": base.rstrip("/") + self.image_path,
        }

    def on_page(self) -> dict[str, Any]:
        """Return the raw text of each field as the page shows it; None where the page lacks it altogether."""
        return {
            "upc": self.upc,
            "title": self.title,
            "price": f"{SIGNS.get(self.currency or '', '')}{self.price}",
            "rating": STARS[self.rating or 0],
            "availability": f"{'In stock' if self.in_stock else 'Out of stock'} ({self.stock} available)",
            "category": self.category,
            "description": self.description,
            "reviews": str(self.reviews),
            **self.shown,
        }
