"""What a page states in words: the text at a place, and the number in it."""

from __future__ import annotations

import pytest
from scrapy.http import HtmlResponse

from scraper.paging.values import in_html, stated_number


@pytest.mark.parametrize(
    ("html", "text", "number"),
    [
        ("<span>3</span><span>24 results</span>", "3\n24 results", None),
        ("<span>3</span><span>240 results</span>", "3\n240 results", None),
        ("<b>3</b> <b>240 results</b>", "3\n240 results", None),
        ("Books<br>24", "Books\n24", 24),
        ("page 1 of <b>1,024</b>", "page 1 of\n1,024", 1024),
        ("24<!-- --> results<script>let n = 7</script>", "24 results", 24),
        ("  1 240\n results ", "1 240 results", 1240),
        ("<b> </b>", None, None),
    ],
)
def test_numbers_of_two_elements_do_not_become_one(html: str, text: str | None, number: int | None) -> None:
    page = HtmlResponse("http://127.0.0.1/", body=f"<p>{html}</p>".encode(), encoding="utf-8")
    assert in_html(page, "p") == text
    assert stated_number(text) == number


def test_the_texts_that_a_selector_names_are_not_joined_to_a_number() -> None:
    page = HtmlResponse("http://127.0.0.1/", body=b"<p><b>3</b><b>240</b> results</p>", encoding="utf-8")
    assert in_html(page, "p ::text") == "3\n240\nresults"
    assert in_html(page, "p b") == "3"
    assert in_html(page, "p i") is in_html(page, "p i::text") is None
