"""Links on pages to absolute addresses, as they are fetched."""

from collections.abc import Iterator
from urllib.parse import urlsplit, urlunsplit

from w3lib.url import canonicalize_url, safe_url_string

from models.addresses import UTF8, browser_url
from models.cleaners.late_pattern import late
from models.cleaners.refusal import refusal, wrong_type

MAX_CHARACTERS = 2083
"""The longest address that every browser took (the bound of Internet Explorer); longer ones carry data."""

LINK = "a link such as '/catalogue/page-2.html'"
SOURCES = "a srcset such as 'small.jpg 480w, large.jpg 960w'"

# Browsers drop line breaks and tabs (URL Standard, section 4.4); what nobody sees in a link goes with them.
_DROPPED = late("[\x00-\x1f\x7f-\x9f\xad\u200b\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]+")
_HOST = late(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.?|[0-9a-f:.]+:[0-9a-f:.]*")
_USUAL_PORTS = {"http": 80, "https": 443}
_DESCRIPTOR = late(r"\s(?:[0-9]+(?:\.[0-9]+)?[wx])(?:\s+[0-9]+h)?\s*(?:,|\Z)")
_SOURCE = late(r"[\s,]*(?P<link>\S+)")
_TEMPLATE = late(r"\{\{|\{%|<%|\$\{|%7[Bb]%7[Bb]")
_WIDTH_OR_DENSITY = late(r"(?P<number>[0-9]+(?:\.[0-9]+)?)(?P<unit>[wx])(?:\s+[0-9]+h)?")
# Addresses which are as they are fetched; to find that out otherwise takes 20 µs.
_PLAIN = late(
    r"https?://[a-z0-9-]+(?:\.[a-z0-9-]+)*(?::[1-9][0-9]{3})?/(?:[A-Za-z0-9_-][A-Za-z0-9_.-]*/)*(?:[A-Za-z0-9_-][A-Za-z0-9_.-]*)?"
)


def canonical_url(value: object, page_url: str) -> str | None:
    """Return the absolute address of a link on the page at `page_url`, as it is fetched; None without text.

    A field's cleaner is given the page's `<base href>` where it has one, and with it the encoding that the query is
    written in. Fragment, user name, password and the usual port are left out, and a host beyond ASCII is written by
    IDNA 2008; the query keeps its order and its spelling. `same_address` compares. Raises ValueError for a scheme other
    than http and https ("javascript:", "mailto:"), for a srcset, for a template ("{{ url }}"), for a broken address,
    and for one of more than 2,083 characters.

    >>> canonical_url("../a_2/index.html#reviews", "https://books.toscrape.com/catalogue/a_1/index.html")
    'https://books.toscrape.com/catalogue/a_2/index.html'
    >>> canonical_url("mailto:a@b.example", "https://books.toscrape.com/")
    Traceback (most recent call last):
    ValueError: 'mailto:a@b.example' is no address on the web, expected a link such as '/catalogue/page-2.html'
    """
    if not isinstance(value, str):
        raise wrong_type(value, LINK)
    if len(value) <= MAX_CHARACTERS and _DESCRIPTOR.search(value):
        raise refusal(value, f"is a srcset, expected {LINK}: read it with cleaners.srcset")
    if _TEMPLATE.search(value):
        raise refusal(value, f"is a template that nobody filled in, expected {LINK}")
    link = _DROPPED.sub("", value).strip()
    if not link:
        return None
    if len(link) > MAX_CHARACTERS:
        raise _too_long(value, len(link))
    if _PLAIN.fullmatch(link):
        return link
    try:
        absolute = browser_url(link, page_url, getattr(page_url, "encoding", UTF8))
        url = absolute if _PLAIN.fullmatch(absolute) else _as_fetched(absolute)
    except ValueError as error:
        raise refusal(value, f"is a broken address, expected {LINK}") from error
    if url is None:
        raise refusal(value, f"is no address on the web, expected {LINK}")
    if len(url) > MAX_CHARACTERS:
        raise _too_long(value, len(url))
    return url


def srcset(value: object, page_url: str) -> str | None:
    """Return the address of the largest image that a `srcset` names, as `canonical_url` does; None without text.

    Raises ValueError where widths ("480w") and densities ("2x") stand side by side, for another descriptor, and for an
    address that `canonical_url` refuses.

    >>> srcset("small.jpg 480w, large.jpg 960w", "https://ex.com/a/")
    'https://ex.com/a/large.jpg'
    """
    if not isinstance(value, str):
        raise wrong_type(value, SOURCES)
    text = value.strip()
    if not text:
        return None
    sizes: list[tuple[float, str, str]] = []
    for link, descriptors in _sources_in(text):
        size = _WIDTH_OR_DENSITY.fullmatch(descriptors or "1x")
        if size is None or not float(size["number"]):
            raise refusal(value, f"has the descriptor {descriptors[:20]!r}, expected {SOURCES}")
        sizes.append((float(size["number"]), size["unit"], link))
    if len({unit for _, unit, _ in sizes}) != 1:
        raise refusal(value, f"has widths and densities side by side, expected {SOURCES}")
    return canonical_url(max(sizes, key=lambda size: size[0])[2], page_url)


def same_address(one: object, other: object) -> bool:
    """Tell whether two addresses differ only in the order and the spelling of their queries and escapes.

    >>> same_address("https://ex.com/?b=%c3%a9&a=1", "https://ex.com/?a=1&b=%C3%A9")
    True
    """
    if not (isinstance(one, str) and isinstance(other, str)):
        return False
    return one == other or canonicalize_url(one) == canonicalize_url(other)


# What is stored is the address that was fetched; another order of the same query is no change of a record.
canonical_url.is_same = srcset.is_same = same_address  # type: ignore[attr-defined]


def _sources_in(text: str) -> Iterator[tuple[str, str]]:
    """Split a srcset into addresses and what follows each, by the HTML Standard (section 4.8.4.2.2)."""
    at = 0
    while found := _SOURCE.match(text, at):
        link, at = found["link"], found.end()
        if link.endswith(","):
            yield link.rstrip(","), ""
            continue
        end = text.find(",", at)
        end = len(text) if end < 0 else end
        yield link, text[at:end].strip()
        at = end


def _as_fetched(absolute: str) -> str | None:
    """Return the address as it is asked for, None when it is not one of http or https; a broken one is a ValueError."""
    parts = urlsplit(absolute)
    if parts.scheme not in _USUAL_PORTS:
        return None
    host = parts.hostname or ""
    # Brackets are for IPv6; anything else in them would become another host.
    if not _HOST.fullmatch(host) or ("[" in parts.netloc) != (":" in host):
        raise ValueError(f"no host in {absolute!r}")
    netloc = f"[{host}]" if ":" in host else host
    if parts.port not in (None, _USUAL_PORTS[parts.scheme]):
        netloc += f":{parts.port}"
    return safe_url_string(urlunsplit((parts.scheme, netloc, parts.path or "/", parts.query, "")))


def _too_long(value: str, characters: int) -> ValueError:
    return refusal(value, f"has {characters:,} characters, expected an address of at most {MAX_CHARACTERS:,}")
