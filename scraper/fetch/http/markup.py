"""Refuse pages whose markup keeps libxml2's HTML parser busy for ever, or that it does not read to their end."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar

from lxml import etree
from scrapy.exceptions import IgnoreRequest
from scrapy.http import HtmlResponse

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.http import Response

    from scraper.core.failed_page import Reason

MOST_ATTRIBUTES = 1_000
"""Attributes of one tag; the parser's time grows with their square: 1,000 take 2 ms, 50,000 take 3 s."""

DEEPEST = 2_000
"""Tags within tags; behind the 2,048th, libxml2 leaves out the rest of the page without a word to its caller."""

# What a tag has (HTML Standard, 13.2.5.32 to 13.2.5.39). Nothing in it is ever tried in another way. The groups are
# atomic, `(?>…)`: before Python 3.11.5 `(…)*+` does try what is within a group in another way.
_ATTRIBUTE = (
    rb"""[ \t\n\f\r/]*+[^ \t\n\f\r/>][^ \t\n\f\r/>=]*+"""
    rb"""(?:[ \t\n\f\r]*+=[ \t\n\f\r]*+(?:"[^"]*+"?|'[^']*+'?|[^ \t\n\f\r>"']*+))?"""
)
_TAG = rb"[A-Za-z][^ \t\n\f\r/>]*+(?:>|(?>(?:%s){0,%d})[ \t\n\f\r/]*+(?:>|\Z))" % (_ATTRIBUTE, MOST_ATTRIBUTES)
_ALL_SMALL = re.compile(rb"(?>(?:[^<]*+<(?:[^A-Za-z]|\Z|%s))*)[^<]*+\Z" % _TAG)
_SMALL = re.compile(rb"<" + _TAG)
# Nearly all tags are plain: hardly anything between their values, each of which stands right behind a name and its `=`.
# One that this finds to be plain has fewer than 500 attributes, and may as well be no tag at all, but within a script.
_NAMES = rb"""[^<>"'=]{0,40}+"""
_GIVEN = rb"""(?<=[^ \t\n\f\r/"'=])="""
_VALUES = rb"""(?>(?:%s(?:"[^"]*+"|'[^']*+'|[^ \t\n\f\r<>"'=]++(?=[ \t\n\f\r>]))%s){0,20})>""" % (_GIVEN, _NAMES)
_PLAIN = rb"""[^ \t\n\f\r/<>"'=]*+(?:>|[ \t\n\f\r/]%s(?:>|%s"[^"]*+"(?:>|%s%s)|%s))""" % (
    _NAMES,
    _GIVEN,
    _NAMES,
    _VALUES,
    _VALUES,
)
_ODD = re.compile(rb"<[A-Za-z](?!%s)" % _PLAIN)
_BEGIN = re.compile(rb"<(?:(!--)|(script|style)\b|[A-Za-z])", re.IGNORECASE)
_ENDS = {name: re.compile(rb"</" + name, re.IGNORECASE) for name in (b"script", b"style")}


class MarkupRefusedError(IgnoreRequest):
    """Report a page whose markup no honest page has."""

    reason: ClassVar[Reason] = "layout-changed"


class BoundedMarkup:
    """Downloader middleware that keeps such pages away from the parser, and from the spider."""

    def process_response(self, request: Request, response: Response) -> Response:
        """Return the page; raise MarkupRefusedError for one that cannot be read in bounded time, or to its end."""
        if isinstance(response, HtmlResponse):
            refuse_markup(response)
        return response


def refuse_markup(page: HtmlResponse) -> None:
    """Raise MarkupRefusedError for a page with a tag of too many attributes, or with tags too deep in each other."""
    body = page.body if page.encoding in ("utf-8", "cp1252") else page.text.encode("utf-8", "replace")
    if has_endless_tag(body):
        raise MarkupRefusedError(f"has a tag with more than {MOST_ATTRIBUTES} attributes, which no page needs")
    # Whoever reads the page wants its tree as well; it is made once.
    if body.count(b"<") > DEEPEST and _is_cut_off(page.selector.root):
        raise MarkupRefusedError("has more than 2,000 tags within each other, and can only be read as far as there")


def has_endless_tag(body: bytes) -> bool:
    """Return whether a page has a tag with more than `MOST_ATTRIBUTES` attributes; 0.3 ms for one of 50 KB.

    >>> has_endless_tag(b"<p " + b"a " * 1000 + b">"), has_endless_tag(b"<p " + b"a " * 1001 + b">")
    (False, True)
    """
    body = body.replace(b"\0", b"")  # as the parser is given it
    if _ODD.search(body) is None or _ALL_SMALL.match(body):
        return False
    # What looks like such a tag may stand in a script or a comment.
    at = 0
    while begin := _BEGIN.search(body, at):
        if begin[1]:
            at = body.find(b"-->", begin.start() + 2) + 3
            if at < 3:
                return False
            continue
        tag = _SMALL.match(body, begin.start())
        if tag is None:
            return True
        at = tag.end()
        if begin[2]:
            end = _ENDS[begin[2].lower()].search(body, at)
            if end is None:
                return False
            at = end.start()
    return False


def _is_cut_off(root: etree._Element) -> bool:
    """Return whether the parser has left something out for want of room."""
    parser = root.getroottree().parser
    return any(entry.type == etree.ErrorTypes.ERR_RESOURCE_LIMIT for entry in parser.error_log)
