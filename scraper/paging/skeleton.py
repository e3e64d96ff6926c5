"""Tell a page of a list that has no entry from another page in its place: a login form, a captcha, an error."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lxml import etree

from scraper.page_data.element_text import UNSEEN
from scraper.paging.entries import digest

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from scraper.paging.kind import ListPage

MOST_PARTS = 60
"""Parts of a page that are kept to know it by. Of more, those with the lowest hashes: the same ones of pages alike."""

LONGEST_TEXT = 5_000
ALIKE = 0.5
"""The share of their parts that pages of one list have in common at least."""

NO_PARTS = ("html", "head", "body", "title", "meta", "link", "base", "br", *UNSEEN)
PAGER = ("a", "form", "input", "button", "select", "option")
"""What a pager may be made of, which the last page of a list may be without."""

PASSWORD, FAILED, NO_PAGE = "asks for a password", "says that something failed", "says that there is no such page"
WALLS = {
    "shows a captcha": re.compile(
        r"captcha|(?:are|if) you(?:'re| are)? (?:a )?(?:robot|human)|not a robot|verify (?:that )?you|unusual traffic|"
        r"checking your browser|just a moment|security check|kein roboter|pas un robot|no soy un robot",
        re.IGNORECASE,
    ),
    "says that the session is over": re.compile(
        r"session (?:has |is |was )?(?:been )?(?:expired|timed? ?out|ended|over|invalid)|(?:expired|invalid) session|"
        r"sitzung (?:ist )?(?:abgelaufen|beendet)|session (?:a )?expir|sesión (?:ha )?(?:expirado|caducado)|"
        r"sessione scaduta",
        re.IGNORECASE,
    ),
    "asks to log in": re.compile(
        r"(?:please|must|need to|have to) (?:log|sign) ?in|(?:log|sign) ?in to (?:continue|see|view|your)|"
        r"bitte (?:melden sie sich an|anmelden|einloggen)|connectez-vous|inicie sesión|effettua (?:il login|l'accesso)",
        re.IGNORECASE,
    ),
    "says that it may not be seen": re.compile(
        r"access (?:is |was )?denied|\bforbidden\b|you have been blocked|too many requests|rate limit|"
        r"zugriff verweigert",
        re.IGNORECASE,
    ),
    FAILED: re.compile(
        r"(?:an|internal|unexpected|server|database|unknown) error|error (?:has )?occurred|something went wrong|"
        r"try again|temporarily unavailable|service unavailable|under maintenance|out of service|bad gateway|"
        r"erneut versuchen|fehler (?:ist )?aufgetreten|wartungsarbeiten|une erreur|ha ocurrido un error|"
        r"si è verificato",
        re.IGNORECASE,
    ),
    NO_PAGE: re.compile(
        r"(?:page |seite )?(?:was )?not found|does not exist|nicht gefunden|introuvable", re.IGNORECASE
    ),
}
"""What a page says that stands in the place of another."""

NO_MORE = re.compile(
    r"\bno (?:more |further |other |such )?(?:\w+ )?(?:results?|records?|items?|products?|entries|matches|posts?|"
    r"pages?|articles?|\w+ (?:were |was )?found)\b|nothing (?:more|else|found|here|to (?:show|see|display))|"
    r"\b0 (?:results?|records?|items?|products?|entries)|end of (?:the )?(?:list|results)|"
    r"keine? (?:weiteren? )?(?:\w+ )?(?:ergebnisse|treffer|einträge|artikel|produkte)|nichts gefunden|"
    r"aucune? (?:autre )?(?:résultat|article|produit)|ningún resultado|no (?:hay|se han encontrado) |no se encontr|"
    r"nessun(?:a|o)? (?:altro )?(?:risultato|prodotto|articolo)|nenhum resultado|geen (?:resultaten|producten)|"
    r"inga (?:fler )?(?:träffar|resultat)|brak wyników|ничего не найдено|нет (?:больше )?(?:результатов|товаров)|"
    r"没有(?:更多|找到)|暂无|見つかりません|ありません|결과가 없",
    re.IGNORECASE,
)
"""What a page says of itself that is behind a list's end."""


@dataclass(frozen=True, slots=True)
class Skeleton:
    """What a page is known by, apart from its entries."""

    title: Sequence[str] = ()
    """The words of its title, without numbers."""
    holder: int | None = None
    """The hash of what holds its entries; None for a page without any."""
    parts: Sequence[int] = ()
    """The hashes of its elements' names, classes and ids."""
    walls: Sequence[str] = ()
    """What of `WALLS` it says or has."""
    says_none: bool = False
    """Whether it says that there is nothing more."""


def skeleton_of(page: ListPage) -> Skeleton:
    """Return what a page of HTML is known by."""
    root = page.response.selector.root  # type: ignore[attr-defined]
    entries = {entry for entry in page.entries_found if isinstance(entry, etree._Element)}
    parts, texts, walls = set[int](), list[str](), list[str]()
    walk = etree.iterwalk(root, events=("start",))
    for _, node in walk:
        if node in entries or node.tag in UNSEEN:
            walk.skip_subtree()
            continue
        # What the page says of itself besides its entries: where it does so on every page, it says nothing of one.
        texts += [node.text or "", *(child.tail or "" for child in node)]
        if node.tag not in NO_PARTS + PAGER:
            parts.add(_hash(node))
        if node.tag == "input" and (node.get("type") or "").lower() == "password":
            walls = [PASSWORD]
    text = " ".join(" ".join(texts).split())[:LONGEST_TEXT]
    walls += [wall for wall, words in WALLS.items() if words.search(text)]
    title = " ".join("".join(root.xpath("string(//title)")).casefold().split())
    first = next(iter(page.entries_found), None)
    holder = first.getparent() if isinstance(first, etree._Element) else None
    return Skeleton(
        tuple(dict.fromkeys(word for word in re.findall(r"\w+", title) if not word.isdecimal()))[:20],
        _hash(holder) if holder is not None and holder.tag not in NO_PARTS else None,
        sorted(parts)[:MOST_PARTS],
        tuple(walls),
        bool(NO_MORE.search(text)) and not entries,
    )


def estrangement(shown: Skeleton, usual: Skeleton, *, guessed: bool) -> str:
    """Return what is unlike the list in a page without entries, given another page of it; empty when they are alike.

    One that was `guessed`, with no link to it, may say that it is no page, or that there is nothing more.
    """
    walls = [wall for wall in shown.walls if wall not in usual.walls and not (guessed and wall == NO_PAGE)]
    if walls and not (walls == [FAILED] and shown.says_none):
        return walls[0]
    if shown.says_none or (guessed and NO_PAGE in shown.walls):
        return ""
    fewer = min(len(shown.title), len(usual.title))
    if fewer and 2 * len({*shown.title} & {*usual.title}) < fewer:
        return f"has another title ('{' '.join(shown.title)[:60]}')"
    if usual.holder is not None and usual.holder not in shown.parts and len(shown.parts) < MOST_PARTS:
        return "has nothing that could hold entries"
    if not are_alike(shown.parts, usual.parts):
        return "is built otherwise"
    return ""


def parts_of(root: etree._Element) -> frozenset[int]:
    """Return what a page is built of, to be held against another page by `are_alike`."""
    nodes = (node for node in root.iter(etree.Element) if node.tag not in NO_PARTS + PAGER)
    return frozenset(sorted({_hash(node) for node in nodes})[:MOST_PARTS])


def are_alike(parts: Collection[int], others: Collection[int]) -> bool:
    """Return whether two pages have half of what they are built of in common."""
    one, other = {*parts}, {*others}
    lowest = {*sorted(one | other)[:MOST_PARTS]}
    return len(one & other & lowest) >= ALIKE * len(lowest)


def _hash(node: Any) -> int:
    """Return the hash of an element's name, id and classes; numbers in them differ from page to page."""
    names = re.sub(r"\d+", "", f"{node.get('id') or ''} {' '.join(sorted((node.get('class') or '').split()))}")
    return digest(f"{node.tag} {names}") >> 32
