"""Read the cookies that a browser has: a cookies.txt as Netscape's and curl's, or the JSON of a browser's extension."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from scraper.errors import UsageError
from scraper.fetch.http.set_cookie import cookie_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from http.cookiejar import Cookie
    from pathlib import Path

FIELDS = ("domain", "wide", "path", "secure", "expires", "name", "value")
HTTP_ONLY = "#HttpOnly_"
EXPECTED = "expected a cookies.txt (seven fields with tabs between them) or a JSON list with name, value and domain"


def read_cookies(file: Path, host: str) -> list[Cookie]:
    """Return the cookies of a file that a browser would send to `host`; raise UsageError when there is none."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{file} cannot be read ({error}): {EXPECTED}") from None
    rows = list(_from_json(file, text) if text.lstrip()[:1] in ("[", "{") else _from_lines(file, text))
    cookies = [cookie for row in rows if (cookie := _cookie(row, host)) is not None and not cookie.is_expired()]
    if not cookies:
        raise UsageError(
            f"{file} holds {len(rows)} cookies, and none for {host} that is still good: log in with the browser, and "
            f"export the cookies of that site"
        )
    return cookies


def _from_lines(file: Path, text: str) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or (line.startswith("#") and not line.startswith(HTTP_ONLY)):
            continue
        parts = line.removeprefix(HTTP_ONLY).split("\t")
        if len(parts) != len(FIELDS):
            raise UsageError(f"{file} line {number} has {len(parts)} fields (not shown, they are secrets): {EXPECTED}")
        row = dict(zip(FIELDS, parts, strict=True))
        yield {**row, "secure": row["secure"] == "TRUE"}


def _from_json(file: Path, text: str) -> Iterator[dict[str, Any]]:
    try:
        data = json.loads(text)
    except ValueError:
        raise UsageError(f"{file} is no JSON: {EXPECTED}") from None
    rows = data.get("cookies") if isinstance(data, dict) else data
    needed = {"name", "value", "domain"}
    if not isinstance(rows, list) or not all(isinstance(row, dict) and needed <= row.keys() for row in rows):
        raise UsageError(f"{file} is another JSON: {EXPECTED}")
    yield from ({**row, "expires": row.get("expirationDate", row.get("expires")) or 0} for row in rows)


def _cookie(row: dict[str, Any], host: str) -> Cookie | None:
    """Return the cookie for a host, as an answer of that host would have set it; None when it is another's."""
    stated = str(row["domain"]).lower()
    domain = stated.removeprefix(".")
    is_wide = stated.startswith(".") or row.get("wide") == "TRUE"
    if domain != host and not (is_wide and host.endswith(f".{domain}")):
        return None
    attributes = [f"Path={row.get('path') or '/'}", *(["Secure"] if row.get("secure") else [])]
    attributes += [f"Domain={domain}"] if is_wide else []
    try:
        expires_s = float(row.get("expires") or 0)
    except (TypeError, ValueError):
        expires_s = 0
    if expires_s > 0:  # 0 and -1 stand for one that lasts as long as the browser
        attributes.append(f"Max-Age={round(expires_s - time.time())}")
    return cookie_of("; ".join([f"{row['name']}={row['value']}", *attributes]), host, "/", time.time())
