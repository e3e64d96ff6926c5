"""How true the cleaners are, beside price-parser, dateparser and extruct, and what a value costs.

    python benchmarks/values.py                  # the table of this project, and pages written for it
    python benchmarks/values.py --fetch CACHE    # and the tables of the packages' own tests, from PyPI into CACHE
    python benchmarks/values.py --wrong          # name each value that is wrong, too

The table is `benchmarks/values.json`: texts of some forty languages with the value that each states, or that it states
none. "right" is the value, or a refusal where there is none; "refused" is a value that was there; "wrong" is another
value, or one where there is none. Outside tables: the prices of price-parser's tests, and the dates of dateparser's,
by the language that their comments name. extruct is fetched, too: it reads the pages, and so do we.
"""

from __future__ import annotations

import argparse
import ast
import json
import re
import subprocess
import sys
import tarfile
import timeit
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cache, partial
from importlib import import_module
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from dateparser.date import DateDataParser  # noqa: E402
from price_parser import Price  # noqa: E402

from models import cleaners  # noqa: E402
from scraper.page_data import data_in  # noqa: E402
from scraper.paging.values import stated_number  # noqa: E402

NOTHING = "nothing"
SDISTS = {"price-parser": "0.5.1", "dateparser": "1.5.0"}
EXTRUCT = ["extruct==0.18.0", "mf2py", "rdflib", "jstyleson", "pyrdfa3", "html-text", "lxml-html-clean", "html5lib"]
EXTRUCT += ["isodate", "pyparsing", "webencodings", "six"]
"""With what it needs besides our own dependencies."""
LANGUAGES = {
    "English": "en", "French": "fr", "Spanish": "es", "Dutch": "nl", "Italian": "it", "Portuguese": "pt",
    "Russian": "ru", "Turkish": "tr", "Romanian": "ro", "German": "de", "Czech": "cs", "Thai": "th",
    "Vietnamese": "vi", "Belarusian": "be", "Ukrainian": "uk", "Japanese": "ja", "Chinese": "zh", "Korean": "ko",
    "Bulgarian": "bg", "Bangla": "bn", "Hindi": "hi", "Georgian": "ka", "Finnish": "fi", "Croatian": "hr",
}  # fmt: skip
OFFER = """<script type="application/ld+json">{{"@type": "Product", "name": "x",
"offers": {{"@type": "Offer", "price": {price}, "priceCurrency": "EUR", "availability": "{stock}"}},
"aggregateRating": {{"ratingValue": {rating}}}}}</script>"""
PAGES = [
    ('"12.50"', "https://schema.org/InStock", '"4.5"', ("12.50", "True", "4.5")),
    ('"1.234,50"', "http://schema.org/OutOfStock", '"4,5"', ("1234.50", "False", "4.5")),
    ("12.5", "InStock", "4.5", ("12.5", "True", "4.5")),
    ('"12.50 - 20.00"', "https://schema.org/PreOrder", '"9"', (NOTHING, NOTHING, NOTHING)),
    ('"call us"', "https://schema.org/Discontinued", '"0"', (NOTHING, "False", NOTHING)),
    ('"£5k"', "https://schema.org/SoldOut", '"4.5 out of 5"', (NOTHING, "False", "4.5")),
]
"""Price, availability and rating as pages state them, and what each is."""

COSTS: dict[str, tuple[str, dict[str, Any]]] = {
    "£51.77": ("amount", {}),
    "1.234,50 €": ("amount", {}),
    "12,50 zł": ("currency_code", {}),
    "In stock (22 available)": ("count", {}),
    "1,234 reviews": ("count", {}),
    "In stock": ("in_stock", {}),
    "star-rating Three": ("rating", {}),
    "March 14, 1879": ("day", {"order": "MDY"}),
    "https://ex.com/a?b=2&a=1": ("canonical_url", {"page_url": "https://ex.com/"}),
}


@dataclass(frozen=True)
class Case:
    """A text, and what it states: a value as text, or nothing; `may_refuse` where reading it is not asked for."""

    kind: str
    text: str
    options: dict[str, Any]
    value: str
    may_refuse: bool = False


def own_table() -> Iterator[Case]:
    """Yield the texts of this project's table."""
    for group in json.loads((ROOT / "benchmarks/values.json").read_text()):
        kind, options = group["cleaner"], group["options"]
        for name in ("read", "either"):
            for text, value in group.get(name, {}).items():
                yield Case(kind, text, options, value, name == "either")
        for text in group.get("refuse", ()):
            yield Case(kind, text, options, NOTHING)


def fetch(folder: Path) -> Path:
    """Fetch what is not there yet, by pip; return the folder of the unpacked sdists."""
    folder.mkdir(parents=True, exist_ok=True)
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    for name, version in SDISTS.items():
        unpacked = folder / name
        if not unpacked.exists():
            subprocess.run(
                [*pip, "download", "--no-deps", "--no-binary", name, f"{name}=={version}", "--dest", folder], check=True
            )
            (packed,) = folder.glob(f"{name.replace('-', '_')}-{version}.tar.gz")
            with tarfile.open(packed) as archive:
                archive.extractall(unpacked, filter="data")
    if not (folder / "extruct").exists():
        subprocess.run([*pip, "install", "--no-deps", "--target", folder / "extruct", *EXTRUCT], check=True)
    return folder


def outside_prices(folder: Path) -> Iterator[Case]:
    """Yield the prices of price-parser's tests that have a currency, each with the amount that its table states."""
    (file,) = folder.glob("price-parser/*/tests/test_price_parsing.py")
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Example":
            _, text, currency, _, amount = [
                Decimal(part.args[0].value) if isinstance(part, ast.Call) else ast.literal_eval(part)  # type: ignore[attr-defined]
                for part in node.args[:5]
            ]
            if text and currency:
                yield Case("outside prices", str(text), {}, NOTHING if amount is None else str(amount))


def outside_dates(folder: Path) -> Iterator[Case]:
    """Yield the dates of dateparser's tests that stand below the name of a language and have a year."""
    (file,) = folder.glob("dateparser/*/tests/test_date_parser.py")
    language = ""
    for line in file.read_text().splitlines():
        if named := re.match(r"\s+# (\w+)(?: dates)?$", line):
            language = LANGUAGES.get(named[1], "")
        elif line.strip().startswith("def "):
            language = ""
        elif language and (row := re.match(r'\s+param\("(.+)", datetime\((\d+), (\d+), (\d+)[,)]', line)):
            text = row[1].encode().decode("unicode_escape") if "\\" in row[1] else row[1]
            if row[2] in text or re.search(r"\d{4}", text):
                order = {"en": "MDY", "ja": "YMD", "zh": "YMD", "ko": "YMD"}.get(language, "DMY")
                day = f"{int(row[2]):04}-{int(row[3]):02}-{int(row[4]):02}"
                yield Case("outside dates", text, {"order": order, "languages": [language]}, day)


def ours(case: Case) -> str:
    """Return what our cleaners make of a text."""
    kind = {"outside prices": "amount", "outside dates": "day"}.get(case.kind, case.kind)
    if kind == "stated_number":
        return attempt(stated_number, case.text)
    if "page_url" in case.options:
        return attempt(getattr(cleaners, kind), case.text, case.options["page_url"])
    return attempt(made(kind, json.dumps(case.options)), case.text)


@cache
def made(kind: str, options: str) -> Callable[[str], Any]:
    """Return a cleaner with its options."""
    cleaner: Callable[..., Any] = getattr(cleaners, kind)
    return cleaner(**json.loads(options)) if options != "{}" else cleaner


def theirs(case: Case) -> str | None:
    """Return what price-parser or dateparser makes of a text; None for a kind that neither reads."""
    if case.kind in ("amount", "outside prices"):
        return shown(Price.fromstring(case.text).amount)
    if case.kind in ("day", "outside dates"):
        return shown(
            _dateparser(case.options["order"], tuple(case.options["languages"])).get_date_data(case.text).date_obj
        )
    return None


@cache
def _dateparser(order: str, languages: tuple[str, ...]) -> DateDataParser:
    return DateDataParser(languages=list(languages), settings={"DATE_ORDER": order, "PREFER_LOCALE_DATE_ORDER": False})


def shown(value: object) -> str:
    """Return a value as the tables write it."""
    if value is None:
        return NOTHING
    return str(value.date() if isinstance(value, datetime) and not value.tzinfo else value)


def outcome(case: Case, got: str) -> str:
    """Return whether a reading is right, refused or wrong."""
    if is_same(got, case.value) or (got == NOTHING and case.may_refuse):
        return "right"
    return "refused" if got == NOTHING else "wrong"


def is_same(got: str, value: str) -> bool:
    """Tell whether two values are the same: a number by its value, a day without its midnight."""
    with suppress(ArithmeticError):
        return Decimal(got) == Decimal(value)
    return got == value or got == f"{value} 00:00:00+00:00"


def pages(extruct: Any) -> dict[str, Counter[str]]:
    """Return how true our reading of pages is, and that of extruct, which gives what stands there; None: without it."""
    counts: dict[str, Counter[str]] = {}
    clean = (cleaners.amount, cleaners.in_stock, cleaners.rating(scale=5))
    for price, stock, rating, values in PAGES:
        html = OFFER.format(price=price, stock=stock, rating=rating)
        (data,) = data_in(html)
        readings = {"ours": [attempt(cleaner, part) for cleaner, part in zip(clean, stated(data.value), strict=True)]}
        if extruct:
            (product,) = extruct.extract(html, syntaxes=["json-ld"])["json-ld"]
            readings["extruct"] = [str(part) for part in stated(product)]
        for reader, got in readings.items():
            seen = counts.setdefault(reader, Counter())
            seen.update(outcome(Case("page", "", {}, value), one) for one, value in zip(got, values, strict=True))
    return counts


def stated(product: dict[str, Any]) -> list[Any]:
    """Return what a product states: price, availability, rating."""
    return [product["offers"]["price"], product["offers"]["availability"], product["aggregateRating"]["ratingValue"]]


def attempt(cleaner: Callable[..., Any], *arguments: Any) -> str:
    """Return what a cleaner makes of a value, as text."""
    try:
        return shown(cleaner(*arguments))
    except ValueError:
        return NOTHING


def microseconds(call: Callable[[], object]) -> float:
    """Return the time of one call: the best of several rounds."""
    with suppress(ValueError):
        call()
    return min(timeit.repeat(call, number=2000, repeat=5)) / 2000 * 1e6


def costs() -> None:
    """Print what a typical value costs, ours and theirs; a text that is seen again costs less."""
    print(f"\n{'µs a value':32}{'ours':>8}{'theirs':>8}")
    for text, (kind, options) in COSTS.items():
        page = options.get("page_url")
        cleaner: Callable[..., Any] = getattr(cleaners, kind) if page else made(kind, json.dumps(options))
        one = microseconds(partial(cleaner, text, page) if page else partial(cleaner, text))
        other = ""
        if kind == "amount":
            other = f"{microseconds(partial(Price.fromstring, text)):8.1f}"
        elif kind == "day":
            read = partial(_dateparser("MDY", ("en",)).get_date_data, text)
            other = f"{min(timeit.repeat(read, number=20, repeat=3)) / 20 * 1e6:8.1f}"
        print(f"{text + ' (' + kind + ')':40.40}{one:8.1f}{other}")


def main() -> int:
    """Print the counts; exit 1 when any value is wrong among the own table, prices with a currency and dates."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--fetch", type=Path, metavar="CACHE", help="fetch the outside tables into this folder, or use them"
    )
    parser.add_argument("--wrong", action="store_true", help="name each value that is wrong")
    given = parser.parse_args()
    cases, extruct = list(own_table()), None
    if given.fetch:
        folder = fetch(given.fetch)
        cases += [*outside_prices(folder), *outside_dates(folder)]
        sys.path.append(str(folder / "extruct"))
        extruct = import_module("extruct")
    counts: dict[str, tuple[Counter[str], Counter[str]]] = {}
    for case in cases:
        own, other = counts.setdefault(case.kind, (Counter(), Counter()))
        got = ours(case)
        own[outcome(case, got)] += 1
        if given.wrong and outcome(case, got) == "wrong":
            print(f"{case.kind}: {case.text!r} is {case.value}, read as {got}")
        if (got_by_them := theirs(case)) is not None:
            other[outcome(case, got_by_them)] += 1
    head = f"{'ours: right':>12}{'refused':>9}{'wrong':>7}"
    print(f"{'':16}{'texts':>6}  {head}   {'theirs: right':>14}{'refused':>9}{'wrong':>7}")
    for kind, (own, other) in counts.items():
        line = f"{kind:16}{own.total():6}  {own['right']:12}{own['refused']:9}{own['wrong']:7}"
        print(line + (f"   {other['right']:14}{other['refused']:9}{other['wrong']:7}" if other else ""))
    for reader, seen in pages(extruct).items():
        print(f"{'pages, ' + reader:16}{seen.total():6}  {seen['right']:12}{seen['refused']:9}{seen['wrong']:7}")
    costs()
    return 1 if any(own["wrong"] for own, _ in counts.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
