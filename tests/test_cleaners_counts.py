# ruff: noqa: RUF001 - the characters that look alike are what pages write
from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.cleaners import count, in_stock, rating
from models.cleaners.counts import _USUAL_COUNT, _count_in

deterministic = settings(derandomize=True, deadline=None)


@pytest.mark.parametrize(
    ("raw", "number"),
    [
        *[
            ("In stock (22 available)", 22),
            ("\n   In stock\n (22 available)  ", 22),
            ("22", 22),
            ("0", 0),
            ("No. 5", 5),
        ],
        *[("1,234 reviews", 1234), ("1.234 Bewertungen", 1234), ("1 234 avis", 1234), ("1\u202f234 avis", 1234)],
        *[("1’234", 1234), ("1,234,567", 1234567), ("22.0", 22), ("22 in stock (22 available)", 22), ("22pcs", 22)],
        *[
            ("No reviews", 0),
            ("no", 0),
            ("None", 0),
            ("zero", 0),
            ("There are no reviews yet", 0),
            ("no reviews (0)", 0),
        ],
        *[("out of stock", 0), ("Sold out", 0), ("Currently unavailable", 0), ("Not in stock", 0), ("0 available", 0)],
        *[("Only 3 left, no returns", 3), ("9223372036854775807", 2**63 - 1)],
        *[(22, 22), (0, 0), (22.0, 22), (Decimal("22.00"), 22), (2**63 - 1, 2**63 - 1)],
    ],
)
def test_a_count_is_the_one_number_that_a_text_holds(raw: object, number: int) -> None:
    assert count(raw) == number


@pytest.mark.parametrize(
    ("raw", "fault"),
    [
        *[("call us", "holds no number"), ("In stock", "holds no number"), ("२२", "holds no number")],
        *[
            ("22 of 50", "more than one number"),
            ("1-2", "more than one number"),
            ("Out of stock (22 on order)", "more than one"),
        ],
        *[("1,2345", "holds no exact count"), ("4.5", "holds no exact count"), ("0.125", "holds no exact count")],
        *[
            ("-3", "holds no exact count"),
            ("−3", "holds no exact count"),
            ("10+", "holds no exact count"),
            ("12k", "holds no exact"),
        ],
        *[("1.2K reviews", "holds no exact count"), ("3 million", "holds no exact count")],
        *[
            ("9" * 30, "is out of range"),
            (2**63, "is out of range"),
            (-1, "is out of range"),
            (1e30, "is no whole number"),
        ],
        *[(4.5, "is no whole number"), (float("nan"), "is no whole number"), (float("inf"), "is no whole number")],
        *[(Decimal("sNaN"), "is no whole number"), (Decimal("1E+999999"), "is no whole number")],
        *[(True, "is of type bool"), ([5], "is of type list"), ("word " * 100, "is too long")],
    ],
)
def test_what_is_not_one_exact_count_is_refused(raw: object, fault: str) -> None:
    with pytest.raises(ValueError, match=rf"{fault}.*, expected (?:one whole number such as '22 available'|0 to)"):
        count(raw)


@given(
    st.integers(min_value=0, max_value=2**63 - 1),
    st.sampled_from(["{}", "{} available", "In stock ({})", "{:,} reviews"]),
)
@deterministic
def test_counts_come_back_from_text(number: int, frame: str) -> None:
    assert count(frame.format(number)) == number


@pytest.mark.parametrize(
    ("raw", "there"),
    [
        *[
            ("In stock (22 available)", True),
            ("In stock", True),
            ("IN STOCK", True),
            ("in-stock", True),
            ("10 available", True),
        ],
        *[("Available", True), ("Only 3 left", True), ("Availability: In stock", True), ("InStock", True)],
        *[
            ("https://schema.org/InStock", True),
            ("http://schema.org/LimitedAvailability", True),
            ("yes", True),
            ("true", True),
        ],
        *[
            ("Out of stock", False),
            ("out-of-stock", False),
            ("sold out", False),
            ("Sold Out!", False),
            ("unavailable", False),
        ],
        *[
            ("Currently unavailable", False),
            ("not in stock", False),
            ("Not currently in stock", False),
            ("not available", False),
        ],
        *[("isn’t available", False), ("No longer available", False), ("none left", False), ("discontinued", False)],
        *[("0 available", False), ("Available: 0", False), ("In stock: 0", False)],
        *[
            ("https://schema.org/OutOfStock", False),
            ("https://schema.org/SoldOut", False),
            ("no", False),
            ("false", False),
        ],
        *[("22", True), ("0", False), (22, True), (0, False), (True, True), (False, False), (Decimal(2), True)],
    ],
)
def test_stock_is_told_from_what_the_page_says(raw: object, there: bool) -> None:
    assert in_stock(raw) is there


@pytest.mark.parametrize(
    ("raw", "fault"),
    [
        *[("call us", "says nothing about stock"), ("Available soon", "says nothing"), ("Pre-order", "says nothing")],
        *[("https://schema.org/BackOrder", "says nothing about stock"), ("instocked", "says nothing about stock")],
        *[
            ("In stock online, out of stock in the shop", "says both about stock"),
            ("In stock (0 available)", "says both"),
        ],
        ("x" * 300, "is too long"),
        *[([True], "is of type list"), (b"In stock", "is of type bytes")],
    ],
)
def test_what_says_nothing_clear_about_stock_is_refused(raw: object, fault: str) -> None:
    with pytest.raises(ValueError, match=rf"{fault}.*, expected text such as 'In stock' or 'Sold out'"):
        in_stock(raw)


@pytest.mark.parametrize("value", [-1, 1.5, float("nan"), "9" * 30])
def test_a_number_that_is_no_count_says_nothing_about_stock(value: object) -> None:
    with pytest.raises(ValueError, match="expected"):
        in_stock(value)


@pytest.mark.parametrize(
    ("raw", "stars"),
    [
        *[
            ("star-rating One", 1),
            ("star-rating Two", 2),
            ("star-rating Three", 3),
            ("star-rating Four", 4),
            ("star-rating Five", 5),
        ],
        *[("Three", 3), ("FOUR stars", 4), ("4", 4), ("4.0", 4), ("4,0", 4), ("rating-3", 3), ("Rated 3", 3)],
        *[
            ("4/5", 4),
            ("4 / 5", 4),
            ("4 out of 5", 4),
            ("4.0 out of 5 stars", 4),
            ("4 of 5", 4),
            ("four stars out of five", 4),
        ],
        *[("4 out of 5 (120 reviews)", 4), ("5/5", 5)],
        *[("★★★☆☆", 3), ("★★★", 3), ("⭐⭐⭐⭐", 4), ("★★★★★ (120)", 5), ("★ ★ ★ ☆ ☆", 3), ("★ 4", 4), ("⭐️ 4/5", 4)],
        *[(1, 1), (5, 5), (4.0, 4), (Decimal("4.0"), 4)],
    ],
)
def test_a_rating_is_read_from_words_figures_and_stars(raw: object, stars: int) -> None:
    assert rating(raw) == stars


@pytest.mark.parametrize(
    ("raw", "fault"),
    [
        *[("star-rating", "holds no number"), ("☆☆☆☆☆", "holds no number"), ("stone", "holds no number")],
        *[("Zero", "is out of range"), ("0", "is out of range"), ("6", "is out of range"), ("-3", "is out of range")],
        *[("★★★★★★", "is out of range"), (0, "is out of range"), (6, "is out of range")],
        *[("One or Two", "holds more than one number"), ("3 stars (120)", "holds more than one number")],
        *[
            ("4.5", "is no whole number"),
            ("4.5 out of 5", "is no whole number"),
            (4.5, "is no whole number"),
            ("★★★½", "has half a star"),
        ],
        *[("8/10", "is on another scale"), ("80 out of 100", "is on another scale"), ("9" * 50, "is no whole number")],
        *[
            (float("nan"), "is no whole number"),
            (True, "is of type bool"),
            ([4], "is of type list"),
            ("x" * 300, "is too long"),
        ],
    ],
)
def test_what_is_no_rating_of_one_to_five_is_refused(raw: object, fault: str) -> None:
    with pytest.raises(ValueError, match=rf"{fault}.*, expected one whole number from 1 to 5 such as 'Three' or '4/5'"):
        rating(raw)


@given(st.from_regex(_USUAL_COUNT.pattern, fullmatch=True))
@deterministic
def test_the_short_way_for_usual_counts_reads_what_the_long_way_does(raw: str) -> None:
    assert count(raw) == _count_in(raw)
