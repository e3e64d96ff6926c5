"""What came of trying to heal a spider."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scraper.heal.spider_source import SpiderSource


@dataclass(frozen=True)
class Mended:
    """A selector that becomes another."""

    what: str
    """`items`, `link`, `pagination`, or a document and its field."""
    before: str
    now: str


@dataclass
class Healing:
    """What came of trying to heal a spider."""

    source: SpiderSource
    start: str
    """The address at which the spider's list begins."""
    mended: list[Mended] = field(default_factory=list)
    evidence: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    """Why nothing is to be changed; empty when the repair passed the gate, or nothing was to be mended."""
    text: str = ""
    """The mended module; empty where it is refused or nothing is broken."""
    looked_at: str = ""
    """Which pages were looked at, in words."""

    @property
    def patch(self) -> str:
        """The repair as a unified diff."""
        return self.source.patch_to(self.text) if self.text else ""
