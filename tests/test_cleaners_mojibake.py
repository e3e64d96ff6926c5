# ruff: noqa: RUF001 - the characters that look alike are what pages write
from __future__ import annotations

import re

import ftfy
import pytest
from ftfy.badness import BADNESS_RE, MOJIBAKE_CATEGORIES, is_bad
from hypothesis import given, settings
from hypothesis import strategies as st

from models.cleaners import one_line
from models.cleaners.mojibake import MAX_REPAIRS, is_suspect, repaired

deterministic = settings(derandomize=True, deadline=None)

LETTERS = ["Ã", "Â", "â", "€", "™", "©", "\xa0", "\xad", "\x9d", "“", "ƒ", "�", " ", "a", "é", "日", "Ð", "œ", "É"]
SENTENCES = {
    "French": "Tous les êtres naissent libres et égaux, « doués de raison » ; l’été à Noël, ça va, où œuvre…",
    "German": "Alle Menschen sind „frei und gleich“ – größer, schöner, Ä Ö Ü ß, 5 €",
    "Polish": "Wszyscy ludzie rodzą się wolni i równi pod względem swej godności. Żółć źle ćwiczy",
    "Vietnamese": "Tất cả mọi người sinh ra đều được tự do và bình đẳng về nhân phẩm",
    "Russian": "Все люди рождаются свободными и равными в своем достоинстве и правах.",
    "Greek": "Όλοι οι άνθρωποι γεννιούνται ελεύθεροι και ίσοι στην αξιοπρέπεια",
    "Arabic": "يولد جميع الناس أحراراً متساوين في الكرامة والحقوق.",
    "Hebrew": "כל בני אדם נולדו בני חורין ושווים בערכם ובזכויותיהם.",
    "Hindi": "सभी मनुष्यों को गौरव और अधिकारों के मामले में समानता प्राप्त है।",
    "Thai": "มนุษย์ทั้งหลายเกิดมามีอิสระและเสมอภาคกันในเกียรติศักดิ์และสิทธิ",
    "Korean": "모든 인간은 태어날 때부터 자유로우며 그 존엄과 권리에 있어 동등하다.",
    "Japanese": "すべての人間は、生れながらにして自由であり、かつ、尊厳と権利とについて平等である。",
    "Chinese": "人人生而自由，在尊严和权利上一律平等。他们赋有理性和良心",
    "emoji": "Great 👍🏽 stuff 😀 – “really” it’s naïve",
}


def misread(text: str, codec: str) -> str:
    """Read the UTF-8 of a text as browsers read another encoding: bytes that it lacks become controls."""
    return "".join(bytes([byte]).decode(codec, "replace").replace("\ufffd", chr(byte)) for byte in text.encode())


@pytest.mark.parametrize(
    ("broken", "whole"),
    [
        ("charadeâ€¦and", "charade…and"),
        ("Ã‰tranger", "Étranger"),
        ("donâ€™t", "don’t"),
        ("CafÃ©", "Café"),
        ("cafÃƒÂ©", "café"),
        ("voilÃ\xa0", "voilà"),
        ("â€œquotedâ€\x9d", "“quoted”"),
        ("Â£51.77", "£51.77"),
        ("\x93C1\x94 and \x85", "“C1” and …"),
        ("Ð\x9fÑ\x80Ð¸Ð²ÐµÑ‚", "Привет"),
        ("&Atilde;&copy;t&Atilde;&copy;", "été"),
    ],
)
def test_mojibake_is_repaired(broken: str, whole: str) -> None:
    assert one_line(f" {broken}\n") == whole


@pytest.mark.parametrize("sentence", SENTENCES.values(), ids=SENTENCES)
@pytest.mark.parametrize("codec", ["latin-1", "cp1252"])
@pytest.mark.parametrize("times", [0, 1, 2])
def test_text_of_every_script_comes_back(sentence: str, codec: str, times: int) -> None:
    text = sentence * 20
    for _ in range(times):
        text = misread(text, codec)
    assert repaired(text) == sentence * 20


@pytest.mark.parametrize("language", ["French", "German", "Polish", "Russian", "Greek", "Arabic", "Japanese", "emoji"])
def test_mojibake_inside_correct_text_is_repaired_alone(language: str) -> None:
    sentence = SENTENCES[language]
    text = f"Straße “well” {misread(sentence, 'latin-1')} (naïve café)"
    assert one_line(text) == f"Straße “well” {sentence} (naïve café)"


def test_the_quick_look_for_mojibake_misses_none_that_ftfy_sees() -> None:
    """Every character that ftfy's rules name, alone in ASCII surroundings of every kind."""
    suspicious = re.compile("[{}]".format("".join(MOJIBAKE_CATEGORIES.values())))
    named = {character for character in map(chr, range(0x80, 0x10000)) if suspicious.match(character)}
    passed = {character for character in named | set(BADNESS_RE.pattern) if not is_suspect(character)}
    assert {"é", "€", "“", "Ø", "Ð", "×", "В"} <= passed
    surroundings = [(before, after) for before in "azAZ09 .,!$\"'(\n" for after in "azAZ09 .,;!?$\"'()-\n"]
    for character in passed:
        assert not is_bad("".join(before + character + after for before, after in surroundings)), character


@given(st.text() | st.lists(st.sampled_from(LETTERS), max_size=8).map("".join))
@deterministic
def test_text_that_the_quick_look_passes_is_no_mojibake(text: str) -> None:
    if not is_suspect(text):
        assert ftfy.fix_encoding(text) == text == repaired(text)


@given(st.lists(st.sampled_from(LETTERS), max_size=8).map("".join))
@deterministic
def test_repaired_text_needs_no_repair(text: str) -> None:
    once = repaired(text)
    assert repaired(once) == once


def test_text_that_would_need_one_repair_after_the_other_is_refused() -> None:
    """Each repair makes the next letter look broken: here ftfy alone takes quadratic time."""
    with pytest.raises(ValueError, match=f"is mis-encoded more than {MAX_REPAIRS} times over, expected text"):
        repaired("Ãƒ\xa0" * 1000)
