from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.cleaners import canonical_url, srcset
from models.cleaners.links import _PLAIN, MAX_CHARACTERS, _as_fetched, same_address

deterministic = settings(derandomize=True, deadline=None)

PAGE = "https://books.toscrape.com/catalogue/a_1/index.html?page=2"
FOLDER = "https://books.toscrape.com/catalogue/a_1"


@pytest.mark.parametrize(
    ("link", "url"),
    [
        ("page-2.html", f"{FOLDER}/page-2.html"),
        (
            "../a-light-in-the-attic_1000/index.html",
            "https://books.toscrape.com/catalogue/a-light-in-the-attic_1000/index.html",
        ),
        ("../../../../media/x.jpg", "https://books.toscrape.com/media/x.jpg"),
        ("/author/J-K-Rowling", "https://books.toscrape.com/author/J-K-Rowling"),
        ("//cdn.example/x", "https://cdn.example/x"),
        ("?b=2&a=1", f"{FOLDER}/index.html?b=2&a=1"),
        ("?wsdl", f"{FOLDER}/index.html?wsdl"),
        ("?a=1;b=2&&c", f"{FOLDER}/index.html?a=1;b=2&&c"),
        ("#top", PAGE),
        ("  \n/a\tb\r\n ", "https://books.toscrape.com/ab"),
        ("/a b", "https://books.toscrape.com/a%20b"),
        ("\x00/a\x1b\u202e\ud800b", "https://books.toscrape.com/ab"),
        ("\\\\cdn.example\\x?a=\\", "https://cdn.example/x?a=%5C"),
        ("https://user:secret@host.example/x", "https://host.example/x"),
        ("http://a@b@c.example/x", "http://c.example/x"),
        ("HTTP://HOST.example:80", "http://host.example/"),
        ("https://host.example:443/x", "https://host.example/x"),
        ("https://host.example:8443/x", "https://host.example:8443/x"),
        ("http://host.example:443/x", "http://host.example:443/x"),
        ("http://user@[::1]:8080/x", "http://[::1]:8080/x"),
        ("http://münchen.de/ü?ü=ü", "http://xn--mnchen-3ya.de/%C3%BC?%C3%BC=%C3%BC"),
        ("/a%2fb%zz?q=%c3%a9", "https://books.toscrape.com/a%2fb%zz?q=%c3%a9"),
        ("///cdn.example/x", "https://cdn.example/x"),
        ("http://straße.example/", "http://xn--strae-oqa.example/"),
        ("http://κλαρα-σωλις.ευ/", "http://xn----ylba7abgd9bnh0e.xn--qxa6a/"),
    ],
)
def test_a_link_becomes_the_address_that_a_browser_would_open(link: str, url: str) -> None:
    assert canonical_url(link, PAGE) == url
    assert canonical_url(url, "http://elsewhere.example/") == url


@pytest.mark.parametrize(
    "url",
    [
        "https://books.toscrape.com/catalogue/a_1/index.html",
        "https://books.toscrape.com/catalogue/1000-places-to-see-before-you-die_1/index.html",
        "http://quotes.toscrape.com/",
        "http://127.0.0.1:8101/author/J-K-Rowling",
        "https://www.goodreads.com/author/show/9810.Albert_Einstein",
        "https://quotes.toscrape.com/api/quotes?page=2",
    ],
)
def test_a_normal_address_stays_as_it_is(url: str) -> None:
    assert canonical_url(url, PAGE) == url


@pytest.mark.parametrize(
    ("link", "url"),
    [
        ("///example.org/path", "https://example.org/path"),
        ("http://%68ost.example/x", "http://host.example/x"),
        ("http://κλαρα-σωλις.ευ/", "http://xn----ylba7abgd9bnh0e.xn--qxa6a/"),
        ("https://shop.example./a", "https://shop.example/a"),
    ],
)
def test_an_odd_address_is_what_a_browser_makes_of_it(link: str, url: str) -> None:
    assert canonical_url(link, "https://shop.example/list") == url


@pytest.mark.parametrize("nothing", ["", " ", "\n\t", "\x00", "\u200b\ufeff"])
def test_an_empty_link_is_none(nothing: str) -> None:
    assert canonical_url(nothing, PAGE) is None


@pytest.mark.parametrize(
    "link",
    [
        "javascript:alert(1)",
        " JavaScript:void(0)",
        "java\nscript:alert(1)",
        "mailto:a@b.example",
        "tel:+49",
        "data:text/html,x",
        "file:///etc/passwd",
        "ftp://host.example/x",
        "C:\\x",
        "about:blank",
    ],
)
def test_what_a_crawler_cannot_fetch_is_refused(link: str) -> None:
    with pytest.raises(
        ValueError, match=r"is no address on the web, expected a link such as '/catalogue/page-2.html'$"
    ):
        canonical_url(link, PAGE)


@pytest.mark.parametrize(
    "link",
    [
        "http://[::1",
        "http://[v1.x]/",
        "http://",
        "http://a:99999/",
        "http://a:b/",
        "http://exa mple.com/",
        "http://a..b/",
        "http://h<b>/",
        "http://h%00/",
        "http://☃ x/",
    ],
)
def test_a_broken_address_is_refused(link: str) -> None:
    with pytest.raises(ValueError, match=r"is a broken address, expected a link such as '/catalogue/page-2.html'$"):
        canonical_url(link, PAGE)


@pytest.mark.parametrize(
    "link", ["/" + "a" * MAX_CHARACTERS, "/" + "é" * 1000, "../" * 5000, "data:image/png;base64," + "A" * 1_000_000]
)
def test_an_address_that_is_too_long_is_refused(link: str) -> None:
    with pytest.raises(ValueError, match=r"has [0-9,]+ characters, expected an address of at most 2,083$"):
        canonical_url(link, PAGE)


def test_the_longest_address_is_taken() -> None:
    url = "https://host.example/".ljust(MAX_CHARACTERS, "a")
    assert canonical_url(url, PAGE) == url


@pytest.mark.parametrize("value", [5, True, ["/x"], b"/x", {"href": "/x"}])
def test_a_type_that_holds_no_link_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=f"is of type {type(value).__name__}, expected a link such as"):
        canonical_url(value, PAGE)


@given(st.from_regex(_PLAIN.pattern, fullmatch=True))
@deterministic
def test_addresses_that_take_the_short_way_stay_as_they_are(url: str) -> None:
    assert _as_fetched(url) == url


@given(
    st.lists(
        st.sampled_from([*"/?#:@[].&=+%;\\ \n", "http:", "//", "host", "..", "é", "%2f", "80", "a"]), max_size=12
    ).map("".join)
)
@deterministic
def test_any_link_is_canonical_after_one_time_or_refused(link: str) -> None:
    try:
        url = canonical_url(link, PAGE)
    except ValueError as error:
        assert ", expected " in str(error)  # noqa: PT017
        return
    if url is not None:
        assert canonical_url(url, PAGE) == url
        assert url.startswith(("http://", "https://"))
        assert "@" not in url.split("/")[2]
        assert url.isascii()


@pytest.mark.parametrize(
    "link", ["a.jpg 2x", "a.jpg 480w", "/a.jpg 1x, /b.jpg 2x", "a.jpg, b.jpg 1.5x", "a.jpg 480w 320h"]
)
def test_a_srcset_is_no_address(link: str) -> None:
    with pytest.raises(ValueError, match=r"is a srcset, expected a link such as .*: read it with cleaners\.srcset$"):
        canonical_url(link, PAGE)


@pytest.mark.parametrize(
    ("sources", "largest"),
    [
        ("a.jpg 480w, b.jpg 960w", "b.jpg"),
        ("b.jpg 960w, a.jpg 480w", "b.jpg"),
        ("a.jpg, b.jpg 2x", "b.jpg"),
        ("a,1.jpg 1x,b,2.jpg 1.5x", "b,2.jpg"),
        ("a.jpg", "a.jpg"),
        ("a.jpg 480w 320h, b.jpg 960w 640h", "b.jpg"),
    ],
)
def test_a_srcset_is_read_as_its_largest_image(sources: str, largest: str) -> None:
    assert srcset(sources, PAGE) == f"{FOLDER}/{largest}"


@pytest.mark.parametrize(
    ("sources", "fault"),
    [
        ("a.jpg 1x, b.jpg 960w", "has widths and densities side by side"),
        ("a.jpg 0w", "has the descriptor '0w'"),
        ("a.jpg 5q", "has the descriptor '5q'"),
        ("data:image/gif;base64,R0 1x", "is no address on the web"),
    ],
)
def test_a_srcset_that_does_not_say_which_image_is_largest_is_refused(sources: str, fault: str) -> None:
    with pytest.raises(ValueError, match=f"{fault}.*, expected a "):
        srcset(sources, PAGE)


def test_addresses_are_the_same_whatever_the_order_and_spelling_of_their_queries() -> None:
    assert same_address("https://a.example/?b=2&a=%c3%a9", "https://a.example/?a=%C3%A9&b=2")
    assert not same_address("https://a.example/?b=2", "https://a.example/?b=3")
    assert not same_address(None, "https://a.example/")
