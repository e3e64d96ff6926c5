"""Healthy sites, drawn from a seed; and whether a site with a fault can be told from one at all."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from faulty_sites.site import DATA, HTML, KINDS, LISTS, SAYS_WHAT_ENDS, XML, Look, Site

if TYPE_CHECKING:
    from collections.abc import Iterable
    from random import Random

WORDS = {
    "Next": "{n} results", "Weiter": "{n} Treffer", "Suivant": "{n} résultats", "Siguiente": "{n} resultados",
    "Avanti": "{n} risultati", "Volgende": "{n} resultaten", "Далее": "{n} товаров", "次へ": "全{n}件",
    "Nästa": "{n} träffar", "Older posts »": "Showing all of {n} items", "→": "1-{n} of {n}",
}  # fmt: skip
"""What a next link says, and how the total is worded."""
LAYOUTS = (
    ("ul", '<li class="item"><span class="t">{name}</span> <b class="p">{price}</b></li>', "li.item"),
    ("div", '<article class="card"><h3 class="t">{name}</h3><p class="p">{price}</p></article>', "article.card"),
    ("table", '<tr class="r"><td class="t">{name}</td><td class="p">{price}</td></tr>', "tr.r"),
    ("section", '<div class="r"><h2><a class="t" href="/x">{name}</a></h2><i class="p">{price}</i></div>', "div.r"),
)
AROUND = (
    "",
    '<footer><a href="/about">About us</a> <a href="/terms">More about us</a></footer>',
    '<aside><h4>You may also like</h4><a href="/x/1">Another one</a></aside>',
    '<form action="/login"><input name="user"><input type="password"><button>Sign in</button></form>',
    '<div class="carousel"><button class="next">Next</button></div>',
    "<footer>Over 10,000 items sold. If something went wrong, try again later.</footer>",
    '<nav><a href="/help">Help</a><button aria-haspopup="true">More</button></nav>',
)
LAST = (
    "", "", '<span class="next disabled">Next</span>', '<a class="next" rel="next" href="{here}">Next</a>',
    '<a class="next disabled" aria-disabled="true">Next</a>',
)  # fmt: skip


BEHIND = ("404", "again", "first", "words")
"""What sites have behind their last page, see `Look`."""


def fitting(kind: str, look: Look) -> Look:
    """Return a look without what a healthy site of this kind does not have."""
    if kind in ("cursor", "form"):
        look = replace(look, behind="words")
    if kind in DATA or kind == "form":
        look = replace(look, last_next="")
    return look if kind in SAYS_WHAT_ENDS else replace(look, spills=False)


def twin(site: Site, stored: Iterable[str]) -> Site | None:
    """Return a healthy site that would have given just the answers that a site with a fault gave; None without one.

    It has the records that were stored, links to its pages by the same tokens, and is one of those that `generated` may
    return. Whoever reads the two cannot tell them apart.
    """
    records, tokens = sorted(int(name.split()[1]) for name in stored), dict[tuple[str, int], str]()
    for target, _, _ in site.said:
        name, token = urlsplit(target).path.strip("/"), parse_qs(urlsplit(target).query).get("page", ["1"])[-1]
        if not token.isdecimal() and token not in tokens.values():
            tokens[name, 2 + sum(of == name for of, _ in tokens)] = token
    for behind, last_next, spills in product(BEHIND, dict.fromkeys(LAST), (False, True)):
        look = fitting(site.kind, replace(site.look, behind=behind, last_next=last_next, spills=spills))
        other = Site(site.name, site.kind, records, site.per_page, total=site.total, look=look)
        other.url, other.tokens = site.url, tokens
        # A spider that expects so many records is another one.
        is_read_alike = other.expected == site.expected or site.kind not in XML or not site.total
        if is_read_alike and all(other.answer(target, sent) == reply for target, sent, reply in site.said):
            return other
    return None


def generated(number: int, random: Random) -> Site:
    """Return a healthy site."""
    kind, per_page, total = random.choice(KINDS), random.choice((3, 5, 8, 12, 20)), random.random() < 0.5
    # A list of one, a full last page, a single full page, and an empty list that says so.
    some = random.randint(2, 6 * per_page)
    full = per_page * random.randint(1, 5)
    records = random.choice((some, some, some, some, full, 1))
    if total and kind in (*HTML, *DATA) and kind != "lists" and random.random() < 0.05:
        records = 0
    if kind == "lists":
        records = max(records, len(LISTS))
    holder, row, items = random.choice(LAYOUTS)
    words, result = random.choice(list(WORDS.items()))
    if kind == "details":
        items = "li.item"
    look = Look(
        holder, row, items, words, result, random.random() < 0.3, random.choice(AROUND), random.choice(LAST),
        random.choice(BEHIND), random.random() < 0.3,
    )  # fmt: skip
    site = Site(f"healthy-{number}", kind, range(1, records + 1), per_page, total=total, look=fitting(kind, look))
    # Where records come while the list is read, the last total is higher than what was there at first.
    site.grows_by = random.choice((0, 0, 0, 0, 1)) if total and kind != "lists" and records else 0
    return site
