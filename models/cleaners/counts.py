"""Text about how many there are, of things or of a list's records, to a whole number."""

# ruff: noqa: RUF001 - the characters that look alike are what pages write

import re
from dataclasses import replace
from decimal import Decimal
from unicodedata import category

from models.cleaners.figures import WrittenNumber, figures_in, has_other_digits, number_line
from models.cleaners.late_pattern import late
from models.cleaners.number_words import word_after
from models.cleaners.numeric import is_number, whole
from models.cleaners.refusal import refusal, wrong_type
from models.cleaners.stock import stock_statements
from models.cleaners.stock_words import TIME_UNITS, WITHIN
from models.cleaners.text import remembered

LONGEST_TEXT = 200
"""Characters; a longer text is a description with numbers in it."""

MAX_COUNT = 2**63 - 1
"""The largest integer of BSON."""

MAX_TOTAL = 10**12
"""Totals of lists from here on are taken for something else."""

COUNT = "one whole number such as '22 available'"

_NO_SUCH = late(
    r"(?:there (?:are|is) )?(?:no|none|zero|nil)\b(?!\.| (?:limit|data|info|idea|matter|value|answer|min|max)\w*)",
    re.IGNORECASE,
)
_USUAL_COUNT = late(
    r"\s*(?:In stock )?\(?([1-9][0-9]{0,2}(?:,[0-9]{3}){1,5}|[1-9][0-9]{0,17})"
    r" (?:available|reviews?|ratings?|results|items|left)\)?\s*"
)
"""The shape of most counts; the long way reads the same."""

_DEGREES = ("°", "℃", "℉")
_NO_REVIEWS = late(
    r"(?:(?:noch|bisher|aktuell) )?keine?|(?:nog )?geen|(?:encore )?aucune?|pas (?:encore )?d['’e]"
    r"|(?:aún )?(?:sin|no hay)|(?:ancora )?nessuna?|inga|ingen|sem|nenhuma?|brak|žádn[éá]|(?:пока )?нет|nincs",
    re.IGNORECASE,
)
_REVIEWS = late(
    r"['’e ]*(?:bewertung|rezension|kommentar|beoordeling|reactie|avis|commentaire|évaluation|reseña|opinion"
    r"|valorac|comentario|recension|commenti|omdöme|anmeld|avaliaç|opini|recenz|hodnocen|отзыв|оцен|комментари|értékel)\w{0,8}"
    r"(?: (?:vorhanden|disponibles?|yet|encore|aún|todavía|ancora))?[.!]?\Z",
    re.IGNORECASE,
)
_OF = late(r"(?:\b(?:of|von|de|sur|di|van|av|af|z|из)\b|/)\s*\Z", re.IGNORECASE)
_EAST_OF = late(r" ?(?:件|條|条|个|個|건|개|点|點|名)? ?(?:中|중|のうち)(?![^\W\d_])")
"""What stands behind a total where languages name it first: "100件中 1-20件"."""
_MANY = late(
    r" ?(?:of|von|sur|de|di|van|av|af|z|из|від|/) ?(?:many|viel\w{0,3}|beaucoup|much[oa]s|molt[ei]|veel|många|mange"
    r"|wielu|mnoha|многих|\?|…|\.\.\.)",
    re.IGNORECASE,
)
_NO_TOTAL = late(
    r" ?[%٪％]| (?:\w{1,20} )?(?:(?:per|pro|par|por|je|na|на|a|each) "
    r"(?:page|seite|página|pagina|sida|side|strona|stronę|strana|странице)|(?:a|the|this|each) page)(?![^\W_])",
    re.IGNORECASE,
)
"""What follows a number that is a share, or how many a page shows."""
_PAGE_BEFORE = late(
    r"(?:page|seite|página|pagina|sida|side|strona|strana|stránka|страница|стр\.?|oldal|sivu|sayfa|p\.) ?[0-9]{1,6} ?"
    r"(?:of|von|sur|de|di|van|av|af|z|из|/) ?\Z",
    re.IGNORECASE,
)
_DATE_BEFORE = late(r"[0-9]\s*/\s*[0-9]+\s*/\s*\Z")
_ASCII_SEPARATORS = str.maketrans({"٬": ",", "٫": ".", "\xa0": " ", "\u202f": " ", "\u2009": " "})


def count(value: object) -> int | None:
    """Return how many there are, from 0 to 2**63 - 1; None without text.

    Separators before three digits group thousands; "No reviews" and "Out of stock" are 0. Raises ValueError for no
    number, for two different ones, and for one that is not exact: negative, a fraction, "10+", "12k", "over 20", "5万".

    >>> count("In stock (22 available)"), count("1.234 Bewertungen"), count("No reviews")
    (22, 1234, 0)
    """
    if isinstance(value, str):
        if value.isascii() and value.isdigit() and len(value) < 19:
            return int(value)
        counted = _count_of(value)
        if counted is None:
            return None
        number = counted
    elif is_number(value):
        number = whole(value, value, COUNT)
    else:
        raise wrong_type(value, COUNT)
    if not 0 <= number <= MAX_COUNT:
        raise refusal(value, f"is out of range, expected 0 to {MAX_COUNT}")
    return number


def total_in(text: str) -> int | None:
    """Return the total that a list states, the last number after "of" or the only one; None for none, or no exact one.

    Digits of any one script are read, for a list in Arabic states its total as one in English does.

    >>> [total_in(text) for text in ("1,000 results", "Page 1 of 50", "showing 1 to 20 of 1 000", "many", "12k")]
    [1000, 50, 1000, None, None]
    """
    text = text.translate(_ASCII_SEPARATORS)
    if has_other_digits(text):
        if any("0" <= character <= "9" for character in text):
            return None
        text = "".join(str(int(c)) if c.isdecimal() else c for c in text)
    found = list(figures_in(text))
    first = [figure for figure in found if _EAST_OF.match(text, figure.end)]
    named = first[:1] or [figure for figure in found if _OF.search(text, max(figure.start - 12, 0), figure.start)]
    chosen = named[-1] if named else found[0] if len(found) == 1 else None
    if chosen is None or not 0 <= chosen.value < MAX_TOTAL or not _is_total(chosen, of=bool(named)):
        return None
    if _NO_TOTAL.match(text, chosen.end) or _MANY.match(text, chosen.end):
        return None
    if len(found) > 2 and _PAGE_BEFORE.search(text, max(chosen.start - 30, 0), chosen.start):
        return None  # of "100 results (page 1 of 5)" nobody can say which one is asked for
    return int(chosen.value)


@remembered
def _count_of(value: str) -> int | None:
    usual = _USUAL_COUNT.fullmatch(value)
    if usual:
        return int(usual[1].replace(",", ""))
    return _count_in(value)


def _count_in(value: str) -> int | None:
    text = number_line(value, LONGEST_TEXT, COUNT)
    if text is None:
        return None
    figures = list(figures_in(text))
    numbers = {figure.value for figure in figures}
    if _NO_SUCH.match(text) or _says_no_reviews(text) or stock_statements(text) == {False}:
        numbers.add(Decimal(0))
    if len(numbers) != 1:
        raise refusal(value, f"holds {'more than one' if numbers else 'no'} number, expected {COUNT}")
    if any(_counts_no_things(figure) for figure in figures):
        raise refusal(value, f"counts no things, expected {COUNT}")
    if not all(figure.is_exact_count for figure in figures):
        raise refusal(value, f"holds no exact count, expected {COUNT}")
    return int(numbers.pop())


def _says_no_reviews(text: str) -> bool:
    """Tell whether a text says in another language than English that there are no reviews: "Keine Bewertungen"."""
    found = _NO_REVIEWS.match(text)
    return found is not None and _REVIEWS.match(text, found.end()) is not None


def _counts_no_things(figure: WrittenNumber) -> bool:
    """Tell whether figures are money, a temperature, or a time to wait: "12 €", "12 °C", "in 12 days"."""
    words = figure.text[max(figure.start - 20, 0) : figure.start].casefold().split()
    if words and words[-1] in WITHIN and word_after(figure.text, figure.end) in TIME_UNITS:
        return True
    before = figure.text[: figure.start].rstrip()[-1:]
    after = figure.text[figure.end : figure.end + 2].lstrip()[:1]
    return after in _DEGREES or any(sign and category(sign) == "Sc" for sign in (before, after))


def _is_total(figure: WrittenNumber, *, of: bool) -> bool:
    """Tell whether figures are one exact number; the slash of "1/20" stands for "of", and those of a date do not."""
    if not of or not figure.text[: figure.start].rstrip().endswith("/"):
        return figure.is_exact_count
    if _DATE_BEFORE.search(figure.text, 0, figure.start):
        return False
    return replace(figure, text=figure.text.replace("/", "|")).is_exact_count
