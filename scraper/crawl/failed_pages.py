"""Keep what a page looked like that yielded nothing in any way, so that a person can see why."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scrapy.http import Response

KEPT = 10
"""Pages kept with a run."""


class FailedPages:
    """The pages of one run, below the data folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.kept: list[dict[str, str]] = []
        """For each page: `url`, and where its `html` and `screenshot` are."""

    def screenshot_of(self, url: str) -> str:
        """Return where the browser is to put its picture of a page that it cannot read; empty when there are enough."""
        return str(self._file(url, "png")) if len(self.kept) < KEPT else ""

    def keep(self, response: Response) -> None:
        """Keep the HTML of a page, as far as there is room."""
        if len(self.kept) >= KEPT:
            return
        page, picture = self._file(response.url, "html"), self._file(response.url, "png")
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        page.write_bytes(response.body)
        page.chmod(0o600)
        kept = {"url": response.url, "html": str(page)}
        self.kept.append({**kept, "screenshot": str(picture)} if picture.exists() else kept)

    def _file(self, url: str, suffix: str) -> Path:
        """Name a file after the address without using any of it: it comes from a page."""
        return self._folder / f"{hashlib.blake2b(url.encode(), digest_size=8).hexdigest()}.{suffix}"
