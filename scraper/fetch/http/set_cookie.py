"""Read Set-Cookie headers as browsers do (RFC 6265, section 5): an attribute that says nothing is ignored.

Python's `http.cookiejar` drops the cookie instead, and with it a site's session.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from http.cookiejar import Cookie
from ipaddress import ip_address

_DELIMITERS = re.compile(r"[\t\x20-\x2f\x3b-\x40\x5b-\x60\x7b-\x7e]+")
_TIME = re.compile(r"(\d{1,2}):(\d{1,2}):(\d{1,2})(?:\D|$)", re.ASCII)
_DAY = re.compile(r"(\d{1,2})(?:\D|$)", re.ASCII)
_YEAR = re.compile(r"(\d{2,4})(?:\D|$)", re.ASCII)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")

LATEST_S = 253_402_300_799
"""The end of the year 9999, the latest that a cookie is kept."""


def cookie_of(header: str, host: str, path: str, now_s: float) -> Cookie | None:
    """Return the cookie that a Set-Cookie header sets for a page of `host` at `path`; None when it sets none.

    One that has expired by `now_s` is returned as well: it takes another away.
    """
    pair, *attributes = header.split(";")
    name, equals, value = (part.strip() for part in pair.partition("="))
    if not equals or not name:
        return None
    said = {"domain": "", "path": "", "expires": "", "max-age": ""}
    is_secure = False
    for attribute in attributes:
        key, _, text = (part.strip() for part in attribute.partition("="))
        key = key.lower()
        is_secure = is_secure or key == "secure"
        if key in said and _says_something(key, text):
            said[key] = text
    domain = said["domain"].removeprefix(".").lower()
    if domain and domain != host and not (host.endswith(f".{domain}") and not _is_address(host)):
        return None
    # A name without a dot, and an address, have no hosts below them.
    is_wide = bool(domain) and "." in domain and not _is_address(domain)
    expires_s = _expires_s(said["max-age"], said["expires"], now_s)
    return Cookie(
        version=0,
        name=name,
        value=value,
        port=None,
        port_specified=False,
        domain=f".{domain}" if is_wide else host if "." in host else f"{host}.local",  # as http.cookiejar writes it
        domain_specified=is_wide,
        domain_initial_dot=is_wide,
        path=said["path"] or path[: path.rfind("/")] or "/",
        path_specified=bool(said["path"]),
        secure=is_secure,
        expires=expires_s,
        discard=expires_s is None,
        comment=None,
        comment_url=None,
        rest={},
    )


def cookie_date_s(text: str) -> int | None:
    """Return the UNIX time that a cookie's date states (RFC 6265, 5.1.1), or None when it states none.

    >>> cookie_date_s("Wed, 09-Jun-21 10:18:14 GMT"), cookie_date_s("tomorrow")
    (1623233894, None)
    """
    time = day = month = year = None
    for token in _DELIMITERS.split(text):
        if time is None and (match := _TIME.match(token)):
            time = (int(match[1]), int(match[2]), int(match[3]))
        elif day is None and (match := _DAY.match(token)):
            day = int(match[1])
        elif month is None and token[:3].lower() in _MONTHS:
            month = _MONTHS.index(token[:3].lower()) + 1
        elif year is None and (match := _YEAR.match(token)):
            year = int(match[1])
            year += 1900 if 70 <= year <= 99 else 2000 if year <= 69 else 0
    if time is None or day is None or month is None or year is None or year < 1601:
        return None
    try:
        return int(datetime(year, month, day, time[0], time[1], time[2], tzinfo=UTC).timestamp())
    except ValueError:
        return None


def _says_something(key: str, text: str) -> bool:
    if key == "path":
        return text.startswith("/")
    if key == "max-age":
        return re.fullmatch(r"-?[0-9]+", text) is not None
    return bool(text) and (key != "expires" or cookie_date_s(text) is not None)


def _expires_s(max_age: str, expires: str, now_s: float) -> int | None:
    if max_age:
        age_s = -1 if max_age.startswith("-") else int(max_age[:12])
        return min(int(now_s) + age_s, LATEST_S) if age_s > 0 else 0
    return cookie_date_s(expires) if expires else None


def _is_address(host: str) -> bool:
    try:
        ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True
