"""Pages that show another in a frame, where their records are."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urldefrag, urljoin, urlsplit

from scraper.probe.selectors import words_of

if TYPE_CHECKING:
    from scraper.probe.page import StudiedPage

MOST_FRAMES = 3
LEAST_TEXT = 400


def frames_of(page: StudiedPage) -> list[str]:
    """Return the addresses of the frames of a page's own site; none when it has a text of its own."""
    body = page.soup.body
    if page.soup.find("frameset") is None and body is not None and len(words_of(body, LEAST_TEXT)) >= LEAST_TEXT:
        return []
    found: list[str] = []
    for frame in page.soup.find_all(["frame", "iframe"], src=True, limit=20):
        try:
            url = urldefrag(urljoin(page.url, str(frame["src"]).strip()))[0]
            same = urlsplit(url).netloc == urlsplit(page.url).netloc and urlsplit(url).scheme in ("http", "https")
        except ValueError:
            continue
        if same and url != page.url and url not in found:
            found.append(url)
    return found[:MOST_FRAMES]
