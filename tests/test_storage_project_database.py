"""Records in Python: found from any folder, printed as what they hold, and as tables."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from bson import Decimal128
from support import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from pymongo.database import Database
    from support import Swathe

    Mongo = Database[dict[str, Any]]

BOOK = {
    "upc": "a", "title": "Ink" * 40, "currency": "GBP", "in_stock": True, "stock": 3,
    "url": "https://a.example/", "last_seen": datetime(2026, 5, 3, tzinfo=UTC),
}  # fmt: skip


@pytest.fixture
def stored(database: Mongo) -> Mongo:
    """Two books."""
    database.books.insert_one({**BOOK, "price": Decimal128("51.77")})
    database.books.insert_one({**BOOK, "upc": "b", "title": "Oil", "price": Decimal128("9.5"), "stock": None})
    return database


def test_a_script_asks_for_records_from_any_folder(swathe: Swathe, stored: Mongo, tmp_path: Path) -> None:
    code = (
        "import scraper; db = scraper.connect()\n"
        "from models.books import Book\n"
        "print(Book.objects(price__lt=15), db.Book is Book, db.books.count_documents({}), db.name)\n"
        "print(repr(Book.objects.get(upc='a'))); print('Book' in dir(db), 'books' in dir(db))\n"
    )
    for folder in (ROOT / "docs" / "reference", tmp_path):
        out = swathe.run([sys.executable, "-c", code], cwd=folder, PYTHONPATH=str(ROOT)).out.splitlines()
        oil = "Book(upc='b', title='Oil', price=Decimal('9.5'), currency='GBP', in_stock=True)"
        assert out[0] == f"[{oil}] True 2 {stored.name}"
        assert out[1].startswith("Book(upc='a', title='InkInk")
        assert "..." in out[1]
        assert out[1].endswith("nkInk', price=Decimal('51.77'), currency='GBP', in_stock=True, stock=3)")
        assert out[2] == "True True"


def test_the_shells_know_the_documents(swathe: Swathe, stored: Mongo) -> None:
    asked = "print(Book.objects(price__lt=15).count(), Run.objects.count(), db.books.count_documents({}))"
    scrapy = swathe.run([sys.executable, "-m", "scrapy", "shell", "-c", asked, "--nolog"])
    assert "1 0 2" in scrapy.out
    shell = swathe.run(["bash", "-c", f"echo '{asked}' | {sys.executable} main.py db shell"])
    assert "1 0 2" in shell.out
    assert "the documents are Author, Book, Change" in shell.err


def test_records_become_a_table_with_exact_decimals_and_aware_times(swathe: Swathe, stored: Mongo) -> None:
    code = (
        "import scraper; db = scraper.connect(); books = db.Book.objects.order_by('upc')\n"
        "table = books.to_arrow()\n"
        "print({field.name: str(field.type) for field in table.schema})\n"
        "print([table.column(name).to_pylist() for name in ('price', 'stock')])\n"
        "print(books.only('upc', 'price').to_arrow().column_names, books.exclude('upc').to_arrow().num_columns)\n"
        "print(db.Book.objects(upc='none').to_arrow().num_rows, db.Quote.objects.to_arrow().schema.field('tags'))\n"
        "try: print(type(books.to_pandas()).__name__)\n"
        "except ImportError as error: print(error)\n"
    )
    out = swathe.run([sys.executable, "-c", code]).out.splitlines()
    types = eval(out[0])
    assert list(types)[:3] == ["upc", "title", "price"]
    assert (types["upc"], types["price"], types["in_stock"]) == ("string", "decimal128(4, 2)", "bool")
    assert (types["stock"], types["last_seen"]) == ("int64", "timestamp[ms, tz=UTC]")
    assert eval(out[1], {"Decimal": Decimal}) == [[Decimal("51.77"), Decimal("9.50")], [3, None]]
    assert out[2] == f"['upc', 'price'] {len(types) - 1}"
    assert out[3] == "0 pyarrow.Field<tags: list<item: string>>"
    assert out[4] in ("DataFrame", "pandas is not installed, which to_pandas() needs: `pip install pandas`")
