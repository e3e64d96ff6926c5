# ruff: noqa: RUF001 - the characters that look alike are what pages write
from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from models.cleaners import labels, one_line, paragraphs, unquoted
from models.cleaners.text import MAX_MARKS, MAX_ROUNDS

deterministic = settings(derandomize=True, deadline=None, max_examples=500)

PIECES = [
    "&",
    "amp;",
    "&lt;",
    "&#97;",
    "Ã",
    "©",
    "â€",
    "™",
    "\xa0",
    "\x00",
    "\u200b",
    "e",
    "\u0301",
    "“",
    "”",
    '"',
    " ",
    "\n",
]
page_text = st.one_of(st.text(), st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
text_cleaners = pytest.mark.parametrize("clean", [one_line, paragraphs, unquoted])


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("A Light in the Attic", "A Light in the Attic"),
        ("\n    A Light\t in\r\n the  Attic  ", "A Light in the Attic"),
        ("a\xa0b\u2009c\u202fd\u3000e\u2028f\x0bg", "a b c d e f g"),
        ("Tom &amp;amp;amp; Jerry &lt;3", "Tom & Jerry <3"),
        ("caf&eacute; &#8220;x&#x201D;&nbsp;y", "café “x” y"),
        ("R&D, AT&T; ?a=1&copy=2&lt=3", "R&D, AT&T; ?a=1&copy=2&lt=3"),
        ("nul\x00 \x1b[31mred\x07", "nul [31mred"),
        ("zero\u200bwidth", "zerowidth"),
        ("so\xadft no\ufeffbreak Auf\u200clage", "soft nobreak Auflage"),
        ("a\u2800b\u3164c", "a b c"),
        ("\u202egnp.exe\u202c \u2066isolated\u2069 \u200emarked\u200f", "gnp.exe isolated marked"),
        ("lone \ud800half, \udfff other", "lone half, other"),
        ("pair \ud83d\ude00", "pair 😀"),
        ("e\u0301", "é"),
        (1984, "1984"),
    ],
)
def test_one_line_leaves_only_what_a_reader_sees(raw: object, clean: str) -> None:
    assert one_line(raw) == clean


@pytest.mark.parametrize(
    "text",
    [
        *("São Paulo", "SÃO PAULO", "André Gide", "Röcken bei Lützen", "L’Été", "L'Été", "naïve café", "PRÊT-À-PORTER"),
        *(
            "“…”",
            "„Größe“",
            "«Où ?»",
            "‘a’ “b”",
            "5€",
            "10°C",
            "50 µg/m³",
            "½",
            "CAFÉ™",
            "É…",
            "¿Qué?",
            "œuvre",
            "Ångström",
        ),
        *("Привет, мир", "Καλημέρα κόσμε", "日本語のテキスト", "한국어", "العربية", "עברית", "ไทย", "हिन्दी"),
        *("👨‍👩‍👧", "❤️", "🏳️‍🌈", "می‌خواهم"),
        *("ﬁne", "ＡＢＣ１２３", 'straight "quotes"', "it's", "a–b—c"),
    ],
)
@text_cleaners
def test_correct_text_stays_as_it_is(clean: object, text: str) -> None:
    assert callable(clean)
    assert clean(f"x {text} y") == f"x {text} y"
    assert one_line(text) == text


@pytest.mark.parametrize(
    "nothing",
    [
        "",
        " ",
        "\n\t ",
        "\xa0\u2003",
        "\x00\u200b",
        "&nbsp;",
        "&amp;nbsp;",
        "\ud800",
        *(
            "\xad",
            "\ufeff",
            "\u2800 \u2800",
            "\u3164",
            "\u200d\u200c",
            "\ufe0f",
            "\u034f",
            "\u115f\u1160",
            "\U000e0020",
        ),
    ],
)
@text_cleaners
def test_nothing_to_read_is_none(clean: object, nothing: str) -> None:
    assert callable(clean)
    assert clean(nothing) is None


@given(page_text)
@example("&&#97;mp;")
@example("Ã\n")
@example("A\u0303©")
@example("“Ã”©")
@example("in in Ulm")
@example('""x""')
@text_cleaners
@deterministic
def test_cleaning_clean_text_changes_nothing(clean: object, text: str) -> None:
    assert callable(clean)
    try:
        once = clean(text)
    except ValueError:
        return  # nested too deeply
    if once is not None:
        assert clean(once) == once


@given(page_text)
@deterministic
def test_clean_text_is_composed_and_has_no_invisible_characters(text: str) -> None:
    try:
        clean = one_line(text)
    except ValueError:
        return
    if clean is not None:
        assert unicodedata.is_normalized("NFC", clean)
        assert clean == " ".join(clean.split())
        assert {unicodedata.category(character) for character in clean}.isdisjoint({"Cc", "Cs", "Zl", "Zp"})
        clean.encode()


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("One.\n\nTwo.", "One.\nTwo."),
        ("  One  word.\r\n \t\r\n\xa0\n  Two.  \n", "One word.\nTwo."),
        ("One.\u2028Two.\u2029Three.\x0bFour.", "One.\nTwo.\nThree.\nFour."),
        ("donâ€™t\n&amp;amp;\n", "don’t\n&"),
        ("one line", "one line"),
    ],
)
def test_paragraphs_keep_one_line_break_between_lines(raw: str, clean: str) -> None:
    assert paragraphs(raw) == clean


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        (["change", " deep-thoughts\n", "Thinking"], ["change", "deep-thoughts", "Thinking"]),
        (["b", "a", " b ", "", None, "\xa0"], ["b", "a"]),
        (("donâ€™t", 7), ["don’t", "7"]),
        ("one label, with a comma", ["one label, with a comma"]),
        ([], []),
        ("  ", []),
    ],
)
def test_labels_are_a_list_without_empty_ones_and_repeats(raw: object, clean: list[str]) -> None:
    assert labels(raw) == clean
    assert labels(clean) == clean


@pytest.mark.parametrize("value", [True, 1.5, b"bytes", {"a": 1}, ["a"], 10**200])
@text_cleaners
def test_what_is_no_text_is_refused_by_text_cleaners(clean: object, value: object) -> None:
    assert callable(clean)
    with pytest.raises(ValueError, match="expected text"):
        clean(value)


@pytest.mark.parametrize("value", [True, {"a": 1}, [["nested"]], [1.5]])
def test_what_is_no_label_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="expected text"):
        labels(value)


def test_marks_piled_up_on_one_letter_are_cut_off() -> None:
    piled = one_line("a" + "\u0300\u0316" * 1000 + "b")
    assert piled is not None
    assert len(piled) <= MAX_MARKS + 2
    assert piled.endswith("b")
    assert one_line(piled) == piled


def test_long_runs_of_symbols_are_not_marks_and_stay() -> None:
    assert one_line("“" + "…" * 100 + "★" * 100) == "“" + "…" * 100 + "★" * 100


def test_text_that_hides_under_ever_more_escapes_is_refused() -> None:
    text = "&&#97;mp;"
    for _ in range(MAX_ROUNDS):
        text = re.sub("[0-9]", lambda digit: f"&#{ord(digit[0])};", text, count=1)
    with pytest.raises(ValueError, match=f"more than {MAX_ROUNDS} times over, expected text"):
        one_line(text)
