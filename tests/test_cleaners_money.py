# ruff: noqa: RUF001 - the characters that look alike are what pages write
from __future__ import annotations

import re
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from price_parser import parse_price

from models.cleaners import amount
from models.cleaners.money import LONE_PRICE, PLAIN_PRICE, _amount_in

deterministic = settings(derandomize=True, deadline=None)


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        *[("£51.77", "51.77"), (" \n £51.77 ", "51.77"), ("£5.00", "5.00"), ("$5", "5"), ("£0", "0"), ("0.00", "0.00")],
        *[("Â£51.77", "51.77"), ("&pound;51.77", "51.77"), ("£\xa051.77", "51.77"), ("GBP 51.77", "51.77")],
        # Separators
        *[("£1,234.50", "1234.50"), ("$1,234", "1234"), ("¥1,200", "1200"), ("$1,234,567.89", "1234567.89")],
        *[("1.234,50 €", "1234.50"), ("12.345.678,90 €", "12345678.90"), ("EUR 12,5", "12.5"), ("12,50EUR", "12.50")],
        *[
            ("1\xa0234,50 €", "1234.50"),
            ("1\u202f234,50 €", "1234.50"),
            ("1\u2009234,50 €", "1234.50"),
            ("1 234 567 kr", "1234567"),
        ],
        *[
            ("CHF 1'234.50", "1234.50"),
            ("CHF 1’234.50", "1234.50"),
            ("₹1,23,456.00", "123456.00"),
            ("₹12,34,567", "1234567"),
        ],
        *[("€.75", "0.75"), ("35€99", "35.99"), ("12€50", "12.50"), ("￥１，２００", "1200")],
        # One separator before three digits groups thousands, where it can
        *[
            ("1.234", "1234"),
            ("1,234", "1234"),
            ("€ 1.234", "1234"),
            ("IQD 25,000", "25000"),
            ("100円", "100"),
            ("5元", "5"),
        ],
        *[("0.125", "0.125"), ("1234.567", "1234.567"), ("KWD 12.345", "12.345"), ("12,345 TND", "12.345")],
        *[("KWD 1,012.345", "1012.345"), ("1'234.500", "1234.500")],
        # Words and other numbers around the amount
        *[
            ("£ 12.50 incl. VAT", "12.50"),
            ("from £5.00", "5.00"),
            ("Paperback - £5.00", "5.00"),
            ("Price: 12.50", "12.50"),
        ],
        *[("3 für 10€", "10"), ("2 for £5.00", "5.00"), ("2 FOR 10€", "10"), ("Buy 1 and get 2 for £5", "5")],
        *[("£12.50 incl. 20% VAT", "12.50"), ("-20% £15.00", "15.00"), ("£5.00/100ml", "5.00"), ("€ 5,00 / 2", "5.00")],
        *[("A4 paper 12.50", "12.50"), ("12.50 per 100ml", "12.50"), ("(£5)", "5")],
        *[("CHF 10.–", "10"), ("10,- €", "10"), ("100,-kr", "100"), ("5,– €", "5")],
        *[("£20.00 £20.00", "20.00"), ("$19.99$19.99", "19.99")],
        # Less than nothing
        *[
            ("-£5.00", "-5.00"),
            ("£-5.00", "-5.00"),
            ("−5", "-5"),
            ("−5,00 €", "-5.00"),
            ("- 5", "-5"),
            ("EUR -5", "-5"),
        ],
        *[("Discount: -£5", "-5"), ("£-0.00", "0.00")],
        ("9" * 34, "9" * 34),
        ("-" + "9" * 34, "-" + "9" * 34),
    ],
)
def test_the_amount_of_a_price_keeps_the_digits_shown(raw: str, shown: str) -> None:
    assert str(amount(raw)) == shown


@pytest.mark.parametrize(
    "raw", ["Free", "gratis", "call us", "£", "EUR", "50%", "20% off", "5m", "1e5", "A4", "١٢", "½", "½x", "12th"]
)
def test_text_without_an_amount_is_refused(raw: str) -> None:
    with pytest.raises(
        ValueError, match=f"^{re.escape(repr(raw))} holds no amount, expected a price such as '£51.77'$"
    ):
        amount(raw)


@pytest.mark.parametrize(
    "raw",
    [
        *("£10.00 - £20.00", "£10-£20", "10-20 €", "10 – 20 €", "10 to 20 €", "10 bis 20 €", "10/20 €", "10€20€"),
        *("Was £20.00 Now £15.00", "£5 (€6)", "£5.00 (£10.00/kg)", "10 20", "99 € 79 €"),
        *("$19 99", "35€ 99", "1.2.3", "12.50.99", "12,345,67", "2026-05-03", "12:30", "1/2", "TOP 10 £5"),
    ],
)
def test_text_with_several_amounts_is_refused(raw: str) -> None:
    with pytest.raises(ValueError, match="holds more than one amount, expected a price"):
        amount(raw)


@pytest.mark.parametrize(
    "raw", ["£5k", "£1.2m", "1,5 Mio. €", "$3 million", "2 bn €", "¥5万", "£5⁹⁹", "£5.00¹", "5½ €"]
)
def test_an_amount_that_goes_on_in_words_or_other_figures_is_refused(raw: str) -> None:
    with pytest.raises(ValueError, match="is not written out in figures, expected a price"):
        amount(raw)


@pytest.mark.parametrize(
    ("value", "exact"),
    [
        (51.77, "51.77"),
        (5.0, "5.0"),
        (5, "5"),
        (-3, "-3"),
        (1e22, "1" + "0" * 22),
        (Decimal("5.00"), "5.00"),
        (Decimal("1E+3"), "1000"),
    ],
)
def test_a_number_is_taken_by_its_text(value: object, exact: str) -> None:
    assert str(amount(value)) == exact


@pytest.mark.parametrize(
    "value",
    [
        *(
            float("nan"),
            float("inf"),
            -float("inf"),
            1e300,
            1e-300,
            10**34,
            -(10**34),
            pytest.param(10**5000, id="5001 digits"),
        ),
        *(
            Decimal("NaN"),
            Decimal("sNaN"),
            Decimal("Infinity"),
            Decimal("1E+34"),
            Decimal("1E-35"),
            Decimal("1E+999999"),
        ),
        *("9" * 35, "0." + "1" * 35, "£" + "9" * 190),
    ],
)
def test_what_decimal128_cannot_hold_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="is no finite number of at most 34 digits, expected a price"):
        amount(value)


@pytest.mark.parametrize("raw", ["9" * 3000, "£5 " + "word " * 100, "1," * 1000])
def test_a_long_text_is_no_price(raw: str) -> None:
    with pytest.raises(ValueError, match=r"expected a price such as '£51.77', not a text of [0-9,]+ characters$"):
        amount(raw)


def test_white_space_does_not_make_a_price_long() -> None:
    assert amount(" " * 3000 + "£ 5.00" + "\n" * 3000) == Decimal("5.00")


@pytest.mark.parametrize("value", [True, b"5", [5], {"amount": 5}])
def test_a_type_that_holds_no_price_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=f"is of type {type(value).__name__}, expected a price such as '£51.77'"):
        amount(value)


@given(st.decimals(min_value=0, max_value=10**12, places=2), st.sampled_from(["£{}", "{} €", "USD {}", "{}", " ${}\n"]))
@deterministic
def test_amounts_come_back_in_every_notation(number: Decimal, frame: str) -> None:
    plain = f"{number:.2f}"
    english = f"{number:,.2f}"
    german = english.translate(str.maketrans(",.", ".,"))
    for written in (plain, english, german, english.replace(",", "\xa0")):
        read = amount(frame.format(written))
        assert read == number
        assert str(read) == plain
        assert amount(read) == read


@given(st.from_regex(PLAIN_PRICE.pattern, fullmatch=True))
@deterministic
def test_the_short_way_for_plain_prices_reads_what_the_long_way_does(raw: str) -> None:
    assert amount(raw) == _amount_in(raw)


@pytest.mark.parametrize(
    "raw",
    [
        *("£51.77", "£1,234.50", "1.234,50 €", "1\xa0234,50 €", "$1,234", "CHF 1'234.50", "EUR 12,5", "¥1,200"),
        *("12.345.678,90 €", "1.234", "$1,234,567", "€.75", "35€99", "₹1,23,456.00", "20% £5", "1 234 567 kr"),
    ],
)
def test_price_parser_agrees_where_it_is_right(raw: str) -> None:
    assert amount(raw) == parse_price(raw).amount


@pytest.mark.parametrize(
    "raw",
    [
        *("3 für 10€", "2 for £5.00", "CHF 1’234.50", "-£5.00", "−5", "0.125", "1234.567", "KWD 12.345"),
        *("£10.00 - £20.00", "Free", "1e5", "$19 99"),
    ],
)
def test_faults_of_price_parser_are_not_ours(raw: str) -> None:
    """When one of these fails, price-parser has been repaired there; the reading of ours is tested above."""
    try:
        ours = amount(raw)
    except ValueError:
        ours = None
    assert parse_price(raw).amount != ours


FIGURES = st.from_regex(r"\A(?:0|[1-9][0-9]{0,5})(?:[., '’][0-9]{2,4}){0,4}(?:[.,][0-9]{1,4})?\Z")


@given(
    st.sampled_from(["", "£", "€ ", "$", "EUR "]), FIGURES, st.sampled_from(["", "€", " €", " zł", " kr", " SEK", "\n"])
)
@deterministic
def test_the_short_way_for_lone_prices_reads_what_the_long_way_does(before: str, figures: str, after: str) -> None:
    raw = before + figures + after
    if LONE_PRICE.fullmatch(raw):
        assert amount(raw) == _amount_in(raw)
