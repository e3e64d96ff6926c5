"""The text of a price to an exact amount."""

# ruff: noqa: RUF001, RUF002 - the characters that look alike are what pages write

import re
from decimal import Decimal
from itertools import pairwise

from models.cleaners.currency_marks import MARK, POINT_THOUSANDTHS, THREE_DECIMALS, codes_of
from models.cleaners.figures import NUMBER, is_part_before, number_line, plain
from models.cleaners.late_pattern import late
from models.cleaners.number_words import MINOR_UNITS, has_minor_unit, is_inexact, is_multiplied, is_named, word_after
from models.cleaners.numeric import MAX_DIGITS, bounded, is_number
from models.cleaners.refusal import refusal, wrong_type
from models.cleaners.text import remembered

LONGEST_PRICE = 200
"""Characters; a longer text is a description with numbers in it."""

PRICE = "a price such as '£51.77'"

PLAIN_PRICE = late(r"\s*(?P<before>[£€$]?)(?P<number>[0-9]{1,15}(?:\.[0-9]{1,2})?)(?P<after>)\s*")
"""The shape of nearly every price: mark, amount. Any other shape takes twenty times as long to read."""

LONE_PRICE = late(
    rf"\s*(?P<before>[£€$¥₹]|EUR|USD|GBP|CHF)? ?(?P<number>{NUMBER}|[0-9]{{1,15}}(?:[.,][0-9]{{1,2}})?)"
    r" ?(?P<after>[€$₽]|zł|Kč|kr|EUR|USD|GBP|CHF|SEK|NOK|DKK|PLN|CZK)?\s*"
)
"""The shape of most others: figures with their separators, and one usual mark; the long way reads the same."""

_SHOWN_NUMBER = late(
    # A minus touches what it belongs to: the dash in "Paperback - £5.00" is none.
    rf"(?P<minus>^[-−–] ?|(?<![^\s(])[-−–])?(?:(?P<before>{MARK}) ?(?P<inner_minus>[-−])?)?"
    rf"(?P<number>{NUMBER}|[0-9]+€[0-9]{{2}}(?![0-9.,]| ?€)|[0-9]*[.,]?[0-9]+)"  # 35€99 as in France
    rf"(?:[.,] ?[-–—]+(?![0-9]))?(?P<percent> ?[%‰])?"
    # A mark before the next number is that number's.
    rf"(?P<after> ?(?:{MARK})(?! ?[0-9]))?"
)
_BETWEEN_PARTS = late(r"\s*(?:[-−–—~&+:]|to|bis|à|al?|until|or|oder|ou|o|do|and|und|et|y|e)?\s*", re.IGNORECASE)
_APART = late(r"[0-9] ?[.,] [0-9]|[0-9] [.,] ?[0-9]")
_ONE_APART = late(
    rf"(?P<before>{MARK})? ?(?P<whole>[0-9]{{1,3}}(?:(?: ?[.,] ?| )[0-9]{{3}})*|[0-9]+)"
    rf"(?: ?(?P<mark>[.,]) ?(?P<decimals>[0-9]{{2}}))? ?(?P<after>{MARK})?"
)
_APART_PRICE = late(
    rf"(?:{MARK}) ?[0-9]{{1,3}} ?(?:[.,] | [.,])[0-9]{{2,3}}(?![0-9])"
    rf"|[0-9] ?(?:[.,] | [.,] ?)[0-9]{{2,3}}(?:[.,][0-9]{{1,2}})? ?(?:{MARK})"
)
_COLON = late(r"((?:[0-9]{1,3}(?:[ .][0-9]{3})+|[0-9]+)):([0-9]{2})( ?(?:kr\.?|SEK|NOK|DKK|ISK|:-)(?!\w))")
_WITH_MINOR = late(
    rf"(?P<major>[0-9]{{1,3}}(?:[ .,][0-9]{{3}})+|[0-9]+) ?(?P<mark>{MARK}) ?(?:and |und |et |y |e |и |i )?"
    rf"(?P<minor>[0-9]{{1,2}}) ?(?P<unit>[^\W\d_]+|¢)\.?"
)
_MARK_WITH_MINOR = late(
    rf"(?P<mark>{MARK}) ?(?P<major>[0-9]{{1,3}}(?:[ .,][0-9]{{3}})+|[0-9]+) ?(?:and |und |et |y |e |и |i )?"
    rf"(?P<minor>[0-9]{{1,2}}) ?(?P<unit>[^\W\d_]+|¢)\.?"
)
_UNFINISHED = late(r"<[a-z]|[-−–—]\Z|[/⁄][0-9]+(?![0-9]| ?[^\W\d_])|['’´`·_][0-9]|[.,]{2}[0-9]|[oOlI](?![^\W_])")
"""What follows figures at once and makes them another amount: "$19<sup>99", "12.50-", "$5/10", "12'50", "12.5O"."""
_JOINED = late(rf"[0-9]['’´`·_]\Z|(?:{MARK})\(\Z")
_PLUS_TAX = late(r" ?\+ ?[^\W\d_]")
_UNIT = late(
    r" ?(?:(?:ft|kg|g|mg|lbs?|oz|ml|cl|l|cm|mm|km|inch(?:es)?|px|kB|MB|GB|TB|V|W|kW|kWh|A|mAh|Hz|MHz|GHz|h|hrs?|Std"
    r"|min)(?![^\W\d_])|[°\"″′★☆⭐])"
)
_SIZE = late(
    r"(?:[★⭐]|(?<![^\W_])(?:size|größe|taille|talla|taglia|tamanho|maat|storlek|qty|quantity|menge|anzahl)) ?:? ?\Z",
    re.I,
)
_COUNTED = frozenset(
    """
    pcs pc piece pieces item items left available review reviews rating ratings star stars vote votes day days week
    weeks
    month months year years people persons pages customers results copies stück stk bewertungen sterne tage wochen
    monate jahre personen seiten ergebnisse avis pièces jours semaines mois ans étoiles personnes résultats opiniones
    reseñas piezas estrellas días semanas meses años personas unidades recensioni pezzi stelle giorni mesi anni persone
    avaliações peças estrelas dias anos pessoas unidade stuks sterren dagen maanden jaar recensies отзыв отзыва отзывов
    шт штук штуки звезд звёзд дней дня месяцев лет opinii opinie sztuk szt gwiazdek dni lat ks kusů kusy adet yorum gün
    stycken dagar månader år kpl kappaletta anmeldelser dager darab db buc bucăți τεμ τεμάχια
    """.split()
)
_COUNTERS = tuple("件 個 个 개 枚 冊 本 人 명 점 点 星 页 頁".split())
_RAISED = late(r"[eE][-+]?[0-9]|\^|\*\*?[0-9]")
_POWER = late(r"[0-9][eE]\Z")
_PER_PERSON = late(r" p(?:[./&]\w|\Z)")
_INDIAN = late(r" ?(?:L|Th|Lk)(?![^\W\d_])")
_GREAT_MONEY = late(r" ?(?:mm|MM)(?![^\W\d_])")
_TIMES = late(r"[0-9] ?[x×] ?(?:de|of) \Z", re.IGNORECASE)
_INSTALMENT = late(
    r"\b[0-9]{1,3} (?:\w{1,15} ){0,2}"
    r"(?:cuotas?|parcelas?|instal+ments?|payments?|raten|rate|rat|mensualit\w{1,8}|termijnen|taksit)\b"
    r"|\b(?:sem juros|sin inter[eé]s)",
    re.IGNORECASE,
)
_CENTS = late(r"[.,][0-9]{2}\Z")
_NO_UNIT = "0123456789€$£¥)-"
_WORD_BETWEEN = late(rf" ?(?!in |inkl|incl|exkl|excl|per |pro |par |por )[^\W\d_]+\.? ?(?:{MARK})")


def amount(value: object) -> Decimal | None:
    """Return the amount of a price, with the digits that the page shows; None without text.

    Of several numbers, the one beside a currency is the amount. One separator before exactly three digits groups
    thousands ("1.234" is 1234), but not after a zero or four digits, nor in a currency with thousandths.

    Figures that are set apart are read where the text holds nothing else: "1.837, 32 €", "199:50 kr", "9 руб. 50 коп.".

    Raises ValueError for no amount, for more than one, for one not written out ("£5k", "5 tys. zł"), for a bound or an
    estimate ("over £5", "$49+"), for a minor unit ("99¢"), and for what Decimal128 cannot hold. "From £5" is 5, and
    "Free" is no amount: what they mean is for the document to say.

    >>> amount("3 für 10€"), amount("1.234,50 €"), amount("-£5.00"), amount(51.77)
    (Decimal('10'), Decimal('1234.50'), Decimal('-5.00'), Decimal('51.77'))
    >>> amount("call us")
    Traceback (most recent call last):
    ValueError: 'call us' holds no amount, expected a price such as '£51.77'
    """
    if isinstance(value, str):
        plain = PLAIN_PRICE.fullmatch(value)
        return Decimal(plain["number"]) if plain else _amount_of_text(value)
    if is_number(value):
        # A float by its text: 51.77 is a binary fraction, and what the page says is "51.77".
        return bounded(str(value) if isinstance(value, float) else value, value, PRICE)
    raise wrong_type(value, PRICE)


def price_line(value: str) -> str | None:
    """Return the text of a price in one line, with full-width digits and signs (as in Japan) as plain ones.

    >>> price_line(" ￥１，２００ ")
    '¥1,200'
    """
    return number_line(value, LONGEST_PRICE, PRICE)


@remembered
def _amount_of_text(value: str) -> Decimal | None:
    lone = LONE_PRICE.fullmatch(value)
    if lone and len(lone["number"]) < MAX_DIGITS:
        return plain(lone["number"], lone["group"])
    return _amount_in(value)


def _amount_in(value: str) -> Decimal | None:
    text = price_line(value)
    if text is None:
        return None
    text = _together(text, value)
    numbers = [shown for shown in _SHOWN_NUMBER.finditer(text) if _can_be_amount(shown)]
    chosen = [shown for shown in numbers if _has_currency(shown)] or numbers
    if not chosen:
        raise refusal(value, f"holds no amount, expected {PRICE}")
    amounts = [_amount_of(shown, value) for shown in chosen]
    if len(set(amounts)) > 1 or any(_are_parts(*pair) for pair in pairwise(numbers)):
        raise refusal(value, f"holds more than one amount, expected {PRICE}")
    if any(map(_continues, chosen)):
        raise refusal(value, f"is not written out in figures, expected {PRICE}")
    if any(map(_is_repeated, chosen)):
        raise refusal(value, f"is to be paid several times, expected {PRICE}")
    if any(map(_is_inexact, chosen)):
        raise refusal(value, f"is a bound or an estimate, expected {PRICE}")
    return bounded(amounts[0], value, PRICE)


def _together(text: str, value: str) -> str:
    """Join figures that are set apart, where the text holds nothing else; what they are among others is unclear."""
    if ":" in text:
        text = _COLON.sub(r"\1.\2\3", text) if _COLON.fullmatch(text) else text
    parts = None if text[-1] in _NO_UNIT else _WITH_MINOR.fullmatch(text) or _MARK_WITH_MINOR.fullmatch(text)
    if parts and (parts["unit"] == "¢" or parts["unit"].casefold() in MINOR_UNITS):
        major = re.sub("[ .,]", "", parts["major"])
        return f"{major}.{int(parts['minor']):02} {parts['mark']}"
    if not _APART.search(text):
        return text
    one = _ONE_APART.fullmatch(text)
    # After a mark in front, ", 10" is the next price of a list.
    if one and one["mark"] and not (one["mark"] == "," and one["before"] and not one["after"]):
        return f"{one['before'] or ''}{re.sub('[ .,]', '', one['whole'])}.{one['decimals']}{one['after'] or ''}"
    if _APART_PRICE.search(text):
        raise refusal(value, f"has its figures set apart, expected {PRICE}")
    return text


def _can_be_amount(shown: re.Match[str]) -> bool:
    """Leave out percentages, and the digits of words such as "A4", "3rd" and "100ml"."""
    if shown["percent"]:
        return False
    if not _has_currency(shown) and _counts_things(shown):
        return False
    neighbours = shown.string[max(shown.start() - 1, 0) : shown.start()] + shown.string[shown.end() : shown.end() + 1]
    return _has_currency(shown) or not any(map(str.isalpha, neighbours))


def _counts_things(shown: re.Match[str]) -> bool:
    """Tell whether a number without a currency is one of something else: "12 pcs", "4.5 stars", "No. 12", "Size 42"."""
    text, start, end = shown.string, shown.start(), shown.end()
    if _UNIT.match(text, end) or is_named(text, start) or _SIZE.search(text, 0, start):
        return True
    word = word_after(text, end)
    return word in _COUNTED or word.startswith(_COUNTERS)


def _has_currency(shown: re.Match[str]) -> bool:
    return bool(shown["before"] or shown["after"] or "€" in shown["number"])


def _continues(shown: re.Match[str]) -> bool:
    """Tell whether a number goes on in words or other figures: "£5k", "5万", "£5⁹⁹", and "£5.00¹" for all one knows."""
    text, end = shown.string, shown.end("number")
    if text[end : end + 2].lstrip()[:1].isnumeric() and not text[end : end + 2].isascii():
        return True
    if shown["before"] and (_GREAT_MONEY.match(text, end) or (_INDIAN.match(text, end) and _is_in_rupees(shown))):
        return True
    if is_multiplied(text, end) or _RAISED.match(text, end) or _UNFINISHED.match(text, end):
        return True
    start = shown.start("number")
    if _JOINED.search(text, max(start - 5, 0), start):
        return True
    if (
        not shown["before"]
        and is_part_before(text, start)
        and (not text[start - 1].isalpha() or _POWER.search(text, 0, start))
    ):
        return True
    if not shown["before"] and text[max(start - 1, 0) : start].isalpha():
        return True  # "l2,50 €" is 12,50 to whoever reads it
    if shown["after"]:
        word = word_after(text, shown.end())
        return (len(word) > 1 and is_multiplied(text, shown.end())) or text[shown.end() : shown.end() + 1].isnumeric()
    if has_minor_unit(text, end):
        # In "£0.99p" it is there besides, and "£5 p.p." is a price per person.
        return not (shown["before"] and (_CENTS.search(shown["number"]) or _PER_PERSON.match(text, end)))
    if text[: shown.start()].rstrip().endswith("¢"):
        return True
    return not _has_currency(shown) and _WORD_BETWEEN.match(text, end) is not None


def _is_repeated(shown: re.Match[str]) -> bool:
    """Tell whether an amount is a part of what is to be paid: "12x de R$ 99,90", "3 cuotas de $500".

    In "2 x $5.00" it is what one costs.
    """
    text, start = shown.string, shown.start()
    return _TIMES.search(text, max(start - 10, 0), start) is not None or _INSTALMENT.search(text) is not None


def _is_in_rupees(shown: re.Match[str]) -> bool:
    return "INR" in codes_of(shown["before"].strip())


def _is_inexact(shown: re.Match[str]) -> bool:
    if shown["minus"] and shown["minus"].endswith(" ") and shown["before"]:
        return True  # the dash of "- $44.99" may lead an entry
    # In "€6.56 + VAT" the plus adds a tax, in "$49+" it opens the end.
    end = len(shown.string) if _PLUS_TAX.match(shown.string, shown.end()) else shown.end()
    return is_inexact(shown.string, shown.start(), end)


def _are_parts(left: re.Match[str], right: re.Match[str]) -> bool:
    """Tell whether two numbers, one with a currency, are one range or one amount in parts: "10 - 20 €", "$19 99"."""
    if _has_currency(left) == _has_currency(right):
        return False
    between = left.string[left.end() : right.start()]
    # "£5 / 100 g" is a price for an amount; "10 / 20 €" are two prices.
    return bool(_BETWEEN_PARTS.fullmatch(between)) or (_has_currency(right) and between.strip() == "/")


def _amount_of(shown: re.Match[str], value: str) -> Decimal:
    number, group = shown["number"].replace("€", "."), shown["group"]
    if group in (".", ",") and [len(part) for part in number.split(group)[1:]] == [3]:
        codes = [codes_of(shown[side].strip()) for side in ("before", "after") if shown[side]]
        if any(possible and possible <= THREE_DECIMALS for possible in codes):
            if group == "," and any(possible <= POINT_THOUSANDTHS for possible in codes):
                raise refusal(value, f"can be in thousands or thousandths, expected {PRICE}")
            group = None
        elif any(possible & THREE_DECIMALS for possible in codes if len(possible) < MANY):
            raise refusal(value, f"can be in thousands or thousandths, expected {PRICE}")
    positive = plain(number, group)
    return positive.copy_negate() if shown["minus"] or shown["inner_minus"] else positive


MANY = 20
"""Currencies: a mark of more of them says nothing about decimals."""
