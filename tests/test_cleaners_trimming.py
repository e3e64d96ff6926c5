# ruff: noqa: RUF001 - the characters that look alike are what pages write
from __future__ import annotations

import pytest

from models.cleaners import unquoted, without_prefix
from models.cleaners.text import MAX_ROUNDS

DUMBLEDORE = 'The truth." Dumbledore sighed. "It is a beautiful and terrible thing, and should be treated with caution.'


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("“It is our choices.”", "It is our choices."),
        ("„Ja, gewiss“", "Ja, gewiss"),
        ("„Tak”", "Tak"),
        ("« Bonjour »", "Bonjour"),
        ("»Hallo«", "Hallo"),
        ("”Hej”", "Hej"),
        ('"Hi"', "Hi"),
        ("‘Don’t panic’", "Don’t panic"),
        ("‚Ja‘", "Ja"),
        ("「はい」", "はい"),
        (f"“{DUMBLEDORE}”", DUMBLEDORE),
        ("“A “nested” word”", "A “nested” word"),
        ('"He said "hi" to me"', 'He said "hi" to me'),
        ('"“Twice”"', "Twice"),
        ('""Twice""', "Twice"),
        (" â€œDonâ€™tâ€\x9d ", "Don’t"),
        ("“I hate everyone equally. ”", "I hate everyone equally."),
    ],
)
def test_quotation_marks_around_the_whole_text_are_taken_off(raw: str, clean: str) -> None:
    assert unquoted(raw) == clean


@pytest.mark.parametrize(
    "text",
    [
        *(
            '"A" and "B"',
            "“A” and “B”",
            "‘A’ and ‘B’",
            "«A» et «B»",
            '"A" "B"',
            '“Hello"',
            "“Hello",
            "Hello”",
            'a "b"',
            '"a" b',
        ),
        *("'Tis the dogs'", "’Tis the dogs’", "‘the dogs’ bowl’", '5"', '"', "no quotes")[0:4],
        "rock ’n’ roll",
    ],
)
def test_quotation_marks_that_belong_to_the_text_stay(text: str) -> None:
    assert unquoted(text) == text


@pytest.mark.parametrize("nothing", ["“”", "“ ”", '""', '"', "“", "”“", "«»", "“" * 1000])
def test_text_of_nothing_but_quotation_marks_is_none(nothing: str) -> None:
    assert unquoted(nothing) is None


def test_text_wrapped_in_ever_more_quotation_marks_is_refused() -> None:
    with pytest.raises(ValueError, match=f"wrapped more than {MAX_ROUNDS} times over, expected text"):
        unquoted("“" * 1000 + "x" + "”" * 1000)


@pytest.mark.parametrize(
    ("prefix", "raw", "clean"),
    [
        ("in", "in Ulm, Germany", "Ulm, Germany"),
        ("in ", "\n in  Ulm, Germany ", "Ulm, Germany"),
        ("in", "inland, in Bavaria", "inland, in Bavaria"),
        ("in", "in In Salah, Algeria", "In Salah, Algeria"),
        ("in", "In Salah, Algeria", "In Salah, Algeria"),
        ("in", "Ulm, in Germany", "Ulm, in Germany"),
        ("in", "in", None),
        ("by", "by J.K. Rowling", "J.K. Rowling"),
        ("Price:", "Price:£5", "£5"),
        ("(c)", "(c) 2026", "2026"),
        ("né à", "né à Paris", "Paris"),
    ],
)
def test_a_prefix_is_taken_off_once_as_a_whole_word_as_it_is_written(prefix: str, raw: str, clean: str | None) -> None:
    assert without_prefix(prefix)(raw) == clean


@pytest.mark.parametrize("prefix", ["", "  "])
def test_an_empty_prefix_is_refused_where_it_is_declared(prefix: str) -> None:
    with pytest.raises(ValueError, match="names no prefix, expected text such as 'in'"):
        without_prefix(prefix)
