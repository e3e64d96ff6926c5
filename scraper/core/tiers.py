"""The tiers: every way in which a page's records are read, the cheapest first."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal, NamedTuple

Tier = Literal["html", "data", "api", "html5", "browser"]

HTML: Final = "html"
DATA: Final = "data"
API: Final = "api"
HTML5: Final = "html5"
BROWSER: Final = "browser"


class TierFacts(NamedTuple):
    """What a tier is."""

    cost: int
    """Its place among the tiers by what a page costs; only the order counts."""
    reader: str
    """The methods of a spider that read its pages."""
    takes_browser: bool
    how: str
    """How a page is read, for the manual."""


TIERS: Final[Mapping[Tier, TierFacts]] = MappingProxyType(
    {
        HTML: TierFacts(0, "`items` and `read_item`, or `read_page`", False, "the page as served"),
        DATA: TierFacts(
            1,
            "`read_data`",
            False,
            "data inside the page: JSON-LD, microdata (also `itemref`, and `itemprop` without an item), OpenGraph with "
            "prices, `__NEXT_DATA__`, `__NUXT__`, `window.X = {…}`, `var data = […]`, JSON in scripts and attributes",
        ),
        API: TierFacts(
            2, "`read_data`", False, "the site's own API, when the spider's `pagination` names one or one was learned"
        ),
        HTML5: TierFacts(
            3,
            "as `html`",
            False,
            "the page as served once more, as a browser's parser reads it: BeautifulSoup with html5lib, where libxml2 "
            "makes another tree of tags that are unclosed, misnested, or out of place in a table",
        ),
        BROWSER: TierFacts(
            4, "as `html`", True, "Chromium, by Selenium; the rendered page is read like the page as served"
        ),
    }
)
"""All tiers, by the name that `[rendering] tiers` and `render_decisions` have for it. A new one stands here first."""


def is_cheaper(tier: Tier, than: Tier) -> bool:
    """Return whether a page costs less in one way than in another.

    >>> is_cheaper("data", "browser")
    True
    """
    return TIERS[tier].cost < TIERS[than].cost
