"""Secrets of the configuration, and of headers, in lines that are logged."""

from __future__ import annotations

from support import configured

from scraper.core.masking import Masking, secrets_of


def test_secrets_are_masked_in_every_form_and_the_rest_of_a_line_is_not() -> None:
    config = configured(
        SWATHE_MONGODB_URI="mongodb+srv://ann:p%40ss-word@db1234567:27017/shop",
        SWATHE_RENDERING_GRID_URL="http://grid:grid-pass@127.0.0.1:4444",
        SWATHE_ALERTS_TARGETS="slack://T1JJ3T3L2/A1BRTD4JM/TIiajkdnlazkcOXr7, json://127.0.0.1:8080/hook",
        SWATHE_LOGIN_BOOKS="ann:a",
    )
    mask = Masking(secrets_of(config))
    assert mask("p@ss-word p%40ss-word grid-pass A1BRTD4JM TIiajkdnlazkcOXr7") == "*** *** *** *** ***"
    kept = "a book at mongodb://db1234567:27017/shop, json://127.0.0.1:8080/hook"
    assert mask(kept) == kept.replace("a book", "*** book")
    assert mask("{b'Set-Cookie': [b'a=1; b=2'], 'n': 1}") == "{b'Set-Cookie': ***, 'n': 1}"
    assert Masking([])("http://" + "a:" * 100_000) == "http://" + "a:" * 100_000
