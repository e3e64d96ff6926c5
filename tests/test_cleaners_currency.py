# ruff: noqa: RUF001 - the characters that look alike are what pages write
from __future__ import annotations

from decimal import Decimal

import pytest
from price_parser.parser import CURRENCY_CODES

from models.cleaners import currency_code, currency_in
from models.cleaners.currency_marks import ISO_4217, THREE_DECIMALS

NEVER_CODES = "AFL GGP IMP JEP NTD PRB RMB TVD VAL"
WITHDRAWN_LONG_AGO = "ATS BEF CYP DEM EEK ESP FIM FRF GRD IEP ITL LUF LVL MTL NLG PTE SIT SKK ZMK ZWD"
NOT_PAID_WITH = "BOV CHE CHW COU MXV USN UYI XAG XAU XBA XBB XBC XBD XDR XPD XPT XSU XTS XUA XXX"


CODES = """
GBP: £51.77 | Â£51.77 | £10.00 - £20.00 | GBP | gbp | &pound;5
EUR: 51.77 € | 3 für 10€ | 5EUR | 5 Euro | €
USD: $5 | US$5 | US$ 5 USD | US $5 | A $20 book
AUD: A$5 | AU$5 | AU $20.00 | 5 AUD
CAD: C$5 | CA$5 | $5 CAD | CAD $5 | 5.00 $ CAD
JPY: ¥1,200 | ￥１２００ | 100円税込 | JP¥5
CNY: CN¥5 | ¥100 CNY | 5元
CHF: CHF 5 | Fr. 5 | 5.– Fr. | SFr. 5 | 10.- CHF
SEK: 12.50 SEK | 100 kr SEK | SEK 100 kr
HKD: HK$5
NZD: NZ$5
BRL: R$ 5,00
SGD: S$5
TWD: NT$5
MXN: MX$5 | $5 MXN
INR: ₹500 | Rs. 500 INR
RUB: 500 ₽ | 5 руб.
KRW: ₩5000
PLN: 5 zł | 12,50 zł.
CZK: 5 Kč
HUF: 100,- Ft
TRY: ₺5 | 5 TL
ILS: ₪5
THB: ฿5
VND: 5 ₫
UAH: 5 ₴ | 5 грн.
"""


@pytest.mark.parametrize(
    ("code", "raw"),
    [(line[:3], raw) for line in CODES.split("\n") if line for raw in line[5:].split(" | ")],
)
def test_the_currency_of_a_price_is_its_code(code: str, raw: str) -> None:
    assert currency_code(raw) == code
    assert currency_code(code) == code


@pytest.mark.parametrize(
    "raw", ["call us", "51.77", "Free", "TOP BOOKS", "10 apples", "₿5", "try it", "5 feet", "kraft 5"]
)
def test_text_without_a_currency_is_refused(raw: str) -> None:
    with pytest.raises(ValueError, match="names no currency, expected a price"):
        currency_code(raw)


@pytest.mark.parametrize("raw", ["£5 (€6)", "£5 $6", "US$5 CAD", "TOP 10 £5", "¥5 €6"])
def test_two_currencies_are_refused(raw: str) -> None:
    with pytest.raises(ValueError, match="names more than one currency, expected a price"):
        currency_code(raw)


@pytest.mark.parametrize(
    ("raw", "some"),
    [("100 kr", "DKK, ISK, NOK, SEK"), ("kr", "DKK, ISK, NOK, SEK"), ("Rs. 500", "INR, LKR, MUR, NPR, PKR, SCR")],
)
def test_a_mark_of_several_countries_asks_for_a_declaration(raw: str, some: str) -> None:
    with pytest.raises(ValueError, match=rf"can be in {some}, expected one currency: declare .* currency_in\('"):
        currency_code(raw)


@pytest.mark.parametrize(
    ("declared", "raw", "code"),
    [
        *[("CAD", "$5", "CAD"), ("SEK", "100 kr", "SEK"), ("CNY", "¥5", "CNY"), ("INR", "Rs. 500", "INR")],
        *[("CAD", "US$5", "USD"), ("CAD", "£5", "GBP"), ("SEK", "$5", "USD"), ("CAD", "$5 AUD", "AUD")],
        *[
            ("CAD", "5.00", "CAD"),
            ("CAD", "from 5.00", "CAD"),
            ("CAD", 5, "CAD"),
            ("CAD", 5.5, "CAD"),
            ("CAD", Decimal(5), "CAD"),
        ],
        ("CAD", " ", None),
    ],
)
def test_a_declared_currency_is_what_shared_marks_and_bare_numbers_mean(
    declared: str, raw: object, code: str | None
) -> None:
    assert currency_in(declared)(raw) == code


@pytest.mark.parametrize("raw", ["call us", "₿5", "kr"])
def test_a_declared_currency_is_not_made_up_where_no_price_is(raw: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        currency_in("CAD")(raw)


@pytest.mark.parametrize("code", ["XYZ", "cad", "", "$"])
def test_an_unknown_currency_is_refused_where_it_is_declared(code: str) -> None:
    with pytest.raises(ValueError, match="names no currency, expected a code of ISO 4217 such as 'CAD'"):
        currency_in(code)


@pytest.mark.parametrize("value", [5, 5.0, Decimal(5)])
def test_a_number_alone_has_no_currency(value: object) -> None:
    with pytest.raises(ValueError, match="names no currency, expected a price"):
        currency_code(value)


@pytest.mark.parametrize("value", [True, ["£5"], b"5"])
def test_a_type_that_holds_no_price_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=f"is of type {type(value).__name__}, expected a price"):
        currency_code(value)


def test_the_codes_are_those_of_iso_4217() -> None:
    """price-parser's list, which others gathered, differs where it is known to be out of date, and only there."""
    differences = set(CURRENCY_CODES) - ISO_4217
    assert differences == {*NEVER_CODES.split(), *WITHDRAWN_LONG_AGO.split(), *NOT_PAID_WITH.split()}
    assert ISO_4217 - set(CURRENCY_CODES) == {"BYR", "MRU", "SLE", "STN", "VED", "VES", "XCG", "ZWG"}
    assert THREE_DECIMALS < ISO_4217
