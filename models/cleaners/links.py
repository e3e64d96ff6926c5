"""Links on pages to absolute, canonical addresses."""

import re
from urllib.parse import urlsplit, urlunsplit

from w3lib.url import canonicalize_url

from models.addresses import UTF8, browser_url
from models.cleaners.refusal import refusal, wrong_type

MAX_CHARACTERS = 2083
"""The longest address that every browser took (the bound of Internet Explorer); longer ones carry data."""

LINK = "a link such as '/catalogue/page-2.html'"

# Browsers drop line breaks and tabs (URL Standard, section 4.4); what nobody sees in a link goes with them.
_DROPPED = re.compile("[\x00-\x1f\x7f-\x9f\u200b\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]+")
_HOST = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.?|[0-9a-f:.]+:[0-9a-f:.]*")
_USUAL_PORTS = {"http": 80, "https": 443}
# Addresses which are canonical as they stand; to find that out otherwise takes 20 µs.
_CANONICAL = re.compile(
    r"https?://[a-z0-9-]+(?:\.[a-z0-9-]+)*(?::[1-9][0-9]{3})?/(?:[A-Za-z0-9_-][A-Za-z0-9_.-]*/)*(?:[A-Za-z0-9_-][A-Za-z0-9_.-]*)?"
)


def canonical_url(value: object, page_url: str) -> str | None:
    """Return the absolute, canonical address of a link on the page at `page_url`; None without text.

    A field's cleaner is given the page's `<base href>` where it has one, and with it the encoding that the query is
    written in. Fragment, user name, password and the usual port are left out and the query is sorted, so that equal
    addresses are equal texts. Raises ValueError for a scheme other than http and https ("javascript:", "mailto:"), for
    a broken address, and for one of more than 2,083 characters.

    >>> canonical_url("../a_2/index.html#reviews", "https://books.toscrape.com/catalogue/a_1/index.html")
    'https://books.toscrape.com/catalogue/a_2/index.html'
    >>> canonical_url("mailto:a@b.example", "https://books.toscrape.com/")
    Traceback (most recent call last):
    ValueError: 'mailto:a@b.example' is no address on the web, expected a link such as '/catalogue/page-2.html'
    """
    if not isinstance(value, str):
        raise wrong_type(value, LINK)
    link = _DROPPED.sub("", value).strip()
    if not link:
        return None
    if len(link) > MAX_CHARACTERS:
        raise _too_long(value, len(link))
    if _CANONICAL.fullmatch(link):
        return link
    try:
        absolute = browser_url(link, page_url, getattr(page_url, "encoding", UTF8))
        url = absolute if _CANONICAL.fullmatch(absolute) else _canonical(absolute)
    except ValueError as error:
        raise refusal(value, f"is a broken address, expected {LINK}") from error
    if url is None:
        raise refusal(value, f"is no address on the web, expected {LINK}")
    if len(url) > MAX_CHARACTERS:
        raise _too_long(value, len(url))
    return url


def _canonical(absolute: str) -> str | None:
    """Return the canonical address, None when it is not one of http or https; a broken one raises ValueError."""
    parts = urlsplit(absolute)
    if parts.scheme not in _USUAL_PORTS:
        return None
    host = parts.hostname or ""
    netloc = f"[{host}]" if "[" in parts.netloc else host
    if parts.port not in (None, _USUAL_PORTS[parts.scheme]):
        netloc += f":{parts.port}"
    url = canonicalize_url(urlunsplit((parts.scheme, netloc, parts.path, parts.query, "")))
    # Brackets are for IPv6; w3lib drops them around anything else, which would make it another host.
    if not _HOST.fullmatch(urlsplit(url).hostname or "") or ("[" in netloc) != ("[" in url.split("/")[2]):
        raise ValueError(f"no host in {absolute!r}")
    return url


def _too_long(value: str, characters: int) -> ValueError:
    return refusal(value, f"has {characters:,} characters, expected an address of at most {MAX_CHARACTERS:,}")
