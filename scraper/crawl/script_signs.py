"""Signs that a page is not whole without JavaScript."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from scrapy.http import HtmlResponse

from scraper.select import compiled

if TYPE_CHECKING:
    from scrapy.http import Response

PLEA = re.compile(r"enable\s+java\s?script|java\s?script\s+(?:is|must|to)\b|without\s+java\s?script", re.IGNORECASE)
ROOTS = "//*[@id='root' or @id='app' or @id='__next' or @id='__nuxt' or @ng-app or @data-reactroot]"
SCRIPTS = "//script[not(@type) or contains(@type, 'javascript') or @type='module']"


FRAMES = "//iframe[@src] | //frame[@src]"


def may_show_more(response: Response) -> bool:
    """Return whether a page has scripts or frames, so that a browser could show more of it than was served."""
    return isinstance(response, HtmlResponse) and bool(compiled(f"{SCRIPTS} | {FRAMES}")(response.selector.root))


def signs_of_script(response: Response) -> str:
    """Return what on the page shows that scripts fill it, for a person; an empty text for nothing.

    >>> signs_of_script(HtmlResponse("http://x/", body=b"<div id=root></div><script src=app.js></script>"))
    'an empty div#root'
    """
    if not isinstance(response, HtmlResponse):
        return ""
    tree = response.selector.root
    for root in compiled(ROOTS)(tree):
        if not "".join(root.itertext()).strip():
            name = root.get("id")
            return f"an empty {root.tag}{'#' + name if name else ''}"
    for plea in compiled("noscript")(tree):
        if PLEA.search("".join(plea.itertext())):
            return "a <noscript> plea"
    if compiled(SCRIPTS)(tree):
        return "a script"
    return "a frame" if compiled(FRAMES)(tree) else ""
