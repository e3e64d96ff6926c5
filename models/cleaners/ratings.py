"""Text about ratings to stars of five, or to a value on a declared scale."""

# ruff: noqa: RUF001 - the characters that look alike are what pages write

import re
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import overload

from models.cleaners.figures import number_line
from models.cleaners.late_pattern import late
from models.cleaners.number_words import is_inexact, word_after
from models.cleaners.numeric import is_number, whole
from models.cleaners.refusal import refusal, wrong_type
from models.cleaners.text import remembered

LONGEST_TEXT = 200
"""Characters; a longer text is a review."""

LEAST_SHARE = Decimal("0.1")
"""Of a scale: the width of a bar that is less shows no rating, but an empty one."""

HALF_STARS = "½⯨⯪"

RATING = "one whole number from 1 to 5 such as 'Three' or '4/5'"

_SPELLED = {"zero": "0", "one": "1", "two": "2", "three": "3", "four": "4", "five": "5"}
_SPELLED_NUMBER = late(rf"\b(?:{'|'.join(_SPELLED)})\b", re.IGNORECASE)
_NUMBER = late(r"(?P<minus>(?<!\w)[-−])?(?P<number>[0-9]+(?:[.,][0-9]+)?)")
# "out of", as languages say it; then the scale.
_OUT_OF = late(
    r"(?: ?(?:[^\W\d_]{2,12}))?\.? ?(?:/|∕|(?:out )?of|von|sur|de(?: un total de)?|su|di|van(?: de)?|av|af|ud af|z|ze"
    r"|na|od|из|од|із|з|от|από|üzerinden|من|מתוך|از|में से|จาก|trên|dari|中|満点中) ?"
    r"(?P<scale>[0-9]+|ten)(?:[.,]0+)?(?![.,]?[0-9]|[^\W_])",
    re.IGNORECASE,
)
_SCALE_FIRST = late(
    r"(?P<scale>[0-9]{1,3})(?:つ?星|点|點|分|颗星)?(?:満点)?(?:のうち|中|满分|滿分|점 ?(?:만점에|만점 ?중|중)) ?"
    r"(?P<number>[0-9]{1,3}(?:[.,][0-9]{1,2})?)(?![.,]?[0-9]) ?[点點分점星]?"
)
"""Where languages name the scale first: "5つ星のうち4.5"."""
_WITH_COUNT = late(
    r"(?P<rating>(?:[★⭐] ?)?[0-9]{1,3}(?:[.,][0-9]{1,2})?(?: ?[★⭐])?) ?"
    r"[(\[](?:[0-9]{1,3}(?:[., ’'][0-9]{3})+|[0-9]{3,9}|[0-9]{1,9} (?P<what>[^\W\d_]{4,20}))[)\]]"
)
"""A rating and, in parentheses, how many gave it: "4.5 (120)". A smaller number without a word may be a scale."""
_WHO_COUNTS = late(
    r"review|rating|vote|customer|bewertung|rezension|stimme|avis|note|évaluation|opinion|reseña|valorac|voto|recension"
    r"|beoordeling|omdöme|recenz|ocen|opini|отзыв|оцен|голос|avaliaç|yorum|評価|レビュー|评价|리뷰",
    re.IGNORECASE,
)
_STAR_WORDS = """
star stern sterne sternen étoile estrella estrela stella stelle ster stjärn stjerne tähti tähteä gwiazd hvězd hviezd
csillag stea stele звезд зірк зірок звёзд αστέρι αστερι yıldız zvjezdic zvezdic zvaigzn žvaigžd täht
bintang sao ดาว 星 つ星 별 نجم نجوم כוכב ستاره तारे सितारे tärn ★ ⭐ ☆
"""
_RATING_WORDS = """
rat star stern score scoring note notation bewertung wertung étoile estrella estrela stell valora puntua califica
avalia nota voto voti valuta beoordel waarder sterren betyg karakter vurder anmeld bedømm arvosana arvio
ocen hodnocen hodnoten értékel csillag evalua рейтинг оцен оцін βαθμολογ αξιολόγ puan yıldız average avg moyenne
durchschnitt media média gemiddeld snitt gennemsnit średnia průměr átlag средн ortalama
評価 評分 评分 评价 평점 별점 التقييم تقييم דירוג امتیاز रेटिंग คะแนน đánh giá penilaian hinnang vērtējum įvertin
stars
"""
_STAR_START = tuple(_STAR_WORDS.casefold().split())
_RATED_PART = late("|".join(map(re.escape, sorted(_RATING_WORDS.casefold().split()))))
_WORD_BEFORE = late(r"([^\W\d]+)[\W_]{0,4}\Z")
_GLUED = late(r"[^\W\d_]\Z")
_NO_RATING_BEFORE = tuple("#$£€¥@+&")
_ICON = late(r"[★⭐☆]\ufe0f? ?\Z")
_NO_RATING_AFTER = late(r" ?[%٪％$€£¥₹°]")
_PLACE_BEFORE = late(
    r"(?<![^\W_])(?:page|step|slide|image|photo|picture|fig(?:ure)?|part|chapter|question|item|level|round|seite|schritt|bild"
    r"|teil|étape|página|paso|imagen|pagina|passo|immagine|stap|afbeelding|sida|steg|side|strona|krok|strana|страница|шаг)"
    r"[ :#.]{0,2}\Z",
    re.IGNORECASE,
)
_BAR = late(r"(?:width:? ?)?(?P<share>[0-9]+(?:\.[0-9]+)?) ?%;?", re.IGNORECASE)
_COUNTED_AFTER = late(r"\)|\]| ?[^\W\d_]{4,}")


@overload
def rating(value: object, /) -> int | None: ...
@overload
def rating(*, scale: int) -> Callable[[object], Decimal | None]: ...
def rating(value: object = ..., /, *, scale: int | None = None) -> object:
    """Return the stars, from 1 to 5, in figures, in English words or as symbols; None without text.

    With `scale`, this makes a cleaner for averages on a site that rates from 0 to `scale`: it gives a Decimal, reads
        halves ("4.5", "★★★★½"), and the share that a bar shows ("width: 90%") as one of the scale.

    A number is a rating when it stands alone, beside its scale or a word for stars, or after a word such as "rated".
        Raises ValueError for no rating, for several, for half stars without `scale`, and for another scale.

        >>> rating("star-rating Three"), rating("4 out of 5"), rating("★★★☆☆")
        (3, 4, 3)
        >>> rating(scale=5)("4.5 out of 5 (120 reviews)"), rating(scale=5)("width: 90%"), rating(scale=10)("8,7")
        (Decimal('4.5'), Decimal('4.5'), Decimal('8.7'))
    """
    if scale is not None and not (is_number(scale) and scale >= 2 and scale == int(scale)):
        raise ValueError(f"rating(scale={scale!r}) is no scale, expected a whole number such as 5 or 10")
    if value is ...:
        if scale is None:
            raise ValueError("rating() has no scale, expected one such as rating(scale=5)")
        return partial(_average, scale)
    return _stars(value)


def _stars(value: object) -> int | None:
    if isinstance(value, str):
        read = _stars_of(value)
        if read is None:
            return None
        stars = read
    elif is_number(value):
        stars = whole(value, value, RATING)
    else:
        raise wrong_type(value, RATING)
    if not 1 <= stars <= 5:
        raise refusal(value, f"is out of range, expected {RATING}")
    return stars


@remembered
def _stars_of(value: str) -> int | None:
    text = number_line(value, LONGEST_TEXT, RATING)
    if text is None:
        return None
    if any(half in text for half in HALF_STARS):
        raise refusal(value, f"has half a star, expected {RATING}")
    return whole(_rated(text, value, 5, RATING), value, RATING)


def _average(scale: int, value: object, /) -> Decimal | None:
    expected = f"a rating above 0 and up to {scale}"
    if isinstance(value, str):
        text = number_line(value, LONGEST_TEXT, expected)
        if text is None:
            return None
        bar = _BAR.fullmatch(text)
        average = _share(Decimal(bar["share"]), scale, value, expected) if bar else _rated(text, value, scale, expected)
    elif is_number(value):
        average = Decimal(str(value))
    else:
        raise wrong_type(value, expected)
    if not (average.is_finite() and 0 < average <= scale):
        raise refusal(value, f"is out of range, expected {expected}")
    return average


def _share(percent: Decimal, scale: int, value: object, expected: str) -> Decimal:
    if not LEAST_SHARE <= percent / 100 <= 1:
        raise refusal(value, f"is no share of a scale, expected {expected}")
    return (percent * scale / 100).normalize() + 0


def _rated(text: str, value: str, scale: int, expected: str) -> Decimal:
    """Return the one rating of a text."""
    text = _SPELLED_NUMBER.sub(lambda word: _SPELLED[word[0].lower()], text)
    text = _SCALE_FIRST.sub(r"\g<number>/\g<scale>", text, count=1)
    counted = _WITH_COUNT.fullmatch(text)
    if counted and (counted["what"] is None or _WHO_COUNTS.match(counted["what"])):
        text = counted["rating"]
    numbers = list(_NUMBER.finditer(text))
    filled = text.count("★") + text.count("⭐")
    halves = sum(text.count(half) for half in HALF_STARS)
    # A single star before a number ("★ 4") is an icon.
    if (filled or halves) and (not numbers or filled + halves + text.count("☆") == 5 or filled > 1 or halves):
        return _drawn(text, value, numbers, filled + Decimal(halves) / 2, expected)
    scaled = [(found, out_of) for found in numbers if (out_of := _OUT_OF.match(text, found.end()))]
    for found, out_of in scaled:
        if _people(text, out_of.end()):
            raise refusal(value, f"counts people, expected {expected}")
        if _PLACE_BEFORE.search(text, 0, found.start()):
            raise refusal(value, f"is a place among others, expected {expected}")
        if out_of["scale"].casefold().replace("ten", "10") != str(scale):
            raise refusal(value, f"is on another scale, expected {expected}")
    chosen = [found for found, _ in scaled] or numbers
    values = {_value(found) for found in chosen}
    if len(values) != 1:
        raise refusal(value, f"holds {'more than one' if values else 'no'} number, expected {expected}")
    if any(is_inexact(text, *found.span()) for found in chosen):
        raise refusal(value, f"is a bound or an estimate, expected {expected}")
    if not scaled and not all(_is_rating(text, found) for found in chosen):
        raise refusal(value, f"holds no number of a rating, expected {expected}")
    return values.pop()


def _drawn(text: str, value: str, numbers: list[re.Match[str]], stars: Decimal, expected: str) -> Decimal:
    """Return the rating that symbols draw; a number beside them must be the same, or count something."""
    if is_inexact(text, 0, max(map(text.rfind, f"★⭐☆{HALF_STARS}")) + 1):
        raise refusal(value, f"is a bound or an estimate, expected {expected}")
    out_of = any(_OUT_OF.match(text, found.end()) for found in numbers)
    for found in numbers:
        counts = (
            text[found.start() - 1 : found.start()] in ("(", "[")
            or _value(found) > 5
            or _COUNTED_AFTER.match(text, found.end())
        )
        if _value(found) != stars and not (counts and not out_of):
            raise refusal(value, f"holds more than one number, expected {expected}")
    return stars


def _value(found: re.Match[str]) -> Decimal:
    number = Decimal(found["number"].replace(",", "."))
    return -number if found["minus"] else number


def _is_rating(text: str, found: re.Match[str]) -> bool:
    """Tell whether a number without a scale is one of a rating: alone, of stars, or after a word for ratings."""
    start, end = found.span()
    if (
        _NO_RATING_AFTER.match(text, end)
        or text[end : end + 1].isnumeric()
        or text[:start].rstrip().endswith(_NO_RATING_BEFORE)
    ):
        return False
    following = word_after(text, end)
    if following:
        return following.startswith(_STAR_START)
    glued = _GLUED.search(text, max(start - 1, 0), start)
    before = _WORD_BEFORE.search(text, max(start - 40, 0), start)
    if before is None:
        return _ICON.search(text, 0, start) is not None or not any(map(str.isalnum, text[:start]))
    return _RATED_PART.match(before[1].casefold()) is not None if glued else _is_rating_word(text[:start])


def _is_rating_word(before: str) -> bool:
    return _RATED_PART.search(before[-40:].casefold()) is not None


def _people(text: str, end: int) -> bool:
    """Tell whether "3 of 5" goes on with whom or what it counts: "people", "customers"."""
    following = word_after(text, end)
    return bool(following) and not following.startswith(
        (*_STAR_START, "rating", "based", "from", "by", "stars", "average")
    )
