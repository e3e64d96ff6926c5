"""The records of a generated site: values as they are, and as a page writes them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

NOUNS = "kettle lamp chair ladder bucket mirror candle basket blanket clock drawer pillow saddle anchor ribbon whistle"
ADJECTIVES = "blue quiet heavy folding old narrow bright striped hollow small copper wooden round northern late early"
FIRST = "Ada Bela Carl Dora Emil Fina Gust Hana Ivo Jana Karl Lena Milo Nora Otto Pia Quin Rosa Sven Tilda"
LAST = "Arendt Brook Cole Dunn Ebert Frost Grau Holm Ivers Jansen Krog Lund Moor Nagy Oster Pohl Roth Stein"
CITIES = "Lisbon Oslo Graz Turin Ghent Leeds Porto Riga Bergen Split Basel Malmo Cork Delft Lyon Essen"
VERBS = "holds keeps turns carries warms opens covers shows follows finds"
TAGS = "garden kitchen travel school music winter summer office paper animals history light"


@dataclass(frozen=True)
class Field:
    """A field of a kind of records."""

    name: str
    role: str
    """`title`, `text`, `long`, `money`, `count`, `date`, `rating`, `picture`, `labels`."""
    label: str


@dataclass(frozen=True)
class Shown:
    """A value, and the text that a page shows for it."""

    value: str
    text: str


Record = dict[str, Shown]

KINDS: dict[str, tuple[Field, ...]] = {
    "product": (Field("name", "title", "Name"), Field("image", "picture", "Picture"), Field("price", "money", "Price"),
                Field("stock", "count", "In stock"), Field("summary", "long", "Description")),
    "job": (Field("position", "title", "Position"), Field("company", "text", "Company"), Field("city", "text", "Location"),
            Field("posted", "date", "Posted"), Field("salary", "money", "Salary")),
    "event": (Field("event", "title", "Event"), Field("day", "date", "Date"), Field("venue", "text", "Venue"),
              Field("seats", "count", "Seats")),
    "article": (Field("headline", "title", "Headline"), Field("author", "text", "Author"),
                Field("published", "date", "Published"), Field("teaser", "long", "Summary"), Field("tags", "labels", "Tags")),
    "place": (Field("place", "title", "Place"), Field("capital", "text", "Capital"), Field("population", "count", "Population"),
              Field("area", "count", "Area")),
    "quote": (Field("text", "long", "Quote"), Field("author", "text", "Author"), Field("tags", "labels", "Tags")),
}  # fmt: skip


def pick(random: Random, words: str) -> str:
    """Return one of the words of a line."""
    return random.choice(words.split())


def _title(random: Random, number: int) -> Shown:
    name = f"{pick(random, ADJECTIVES).title()} {pick(random, NOUNS)} {number}"
    return Shown(name, name)


def _text(random: Random, number: int) -> Shown:
    name = f"{pick(random, FIRST)} {pick(random, LAST)}"
    return Shown(name, name)


def _long(random: Random, number: int) -> Shown:
    sentences = [f"A {pick(random, ADJECTIVES)} {pick(random, NOUNS)} {pick(random, VERBS)} the {pick(random, NOUNS)}"
                 for _ in range(random.randint(1, 3))]  # fmt: skip
    text = ". ".join(sentences) + f", {number} times."
    return Shown(text, text)


def _money(random: Random, number: int) -> Shown:
    cents = random.randint(199, 99999)
    return Shown(f"{cents / 100:.2f}", f"£{cents / 100:,.2f}")


def _count(random: Random, number: int) -> Shown:
    count = random.randint(2, 90_000)
    return Shown(str(count), f"{count:,}")


def _date(random: Random, number: int) -> Shown:
    day = dt.date(2024, 1, 1) + dt.timedelta(days=random.randint(0, 700))
    return Shown(day.isoformat(), f"{day.day} {day:%B} {day.year}")


def _picture(random: Random, number: int) -> Shown:
    return Shown(f"/img/{number}.jpg", f"/img/{number}.jpg")


def _labels(random: Random, number: int) -> Shown:
    found = sorted({pick(random, TAGS) for _ in range(random.randint(1, 3))})
    return Shown("|".join(found), "|".join(found))


MADE: dict[str, Callable[[Random, int], Shown]] = {
    "title": _title, "text": _text, "long": _long, "money": _money, "count": _count, "date": _date,
    "picture": _picture, "labels": _labels,
}  # fmt: skip


def made(kind: str, count: int, seed: int) -> list[Record]:
    """Return records of a kind; one field of most kinds is missing now and then."""
    random = Random(f"{kind}{seed}")
    fields = KINDS[kind]
    optional = fields[-1].name if random.random() < 0.6 else ""
    found: list[Record] = []
    for number in range(1, count + 1):
        record = {field.name: MADE[field.role](random, number) for field in fields}
        if optional and random.random() < 0.15 and number > 2:
            del record[optional]
        found.append(record)
    return found
