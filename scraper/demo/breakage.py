"""Damage a page the way hand-written pages are damaged: a parser that repairs HTML still reads every record."""

from __future__ import annotations

import re

DAMAGE = (
    # closing tags that were forgotten
    (re.compile(r"</(?:li|p|td|th|tr)>"), ""),
    # closing tags of things that were never opened
    (re.compile(r"<main>"), "<main></div></div>"),
    (re.compile(r"(</small>|</h2>)"), r"\1</em></font>"),
    (re.compile(r"</table>"), "</tbody></div></table>"),
    (re.compile(r"</html>"), "</div></body></table>"),
    # attributes that are bare, doubled or plainly wrong
    (re.compile(r'href="([^"\s>]+)"'), r"href=\1"),
    (re.compile(r'<(article|div) class="'), r'<\1 "" =odd class="'),
    (re.compile(r'<span class="(\w+)"'), r'<SPAN class="\1"class="\1 twice"'),
)


def break_html(html: str) -> str:
    """Return the page with its markup damaged and its text untouched.

    >>> break_html('<p><a href="page-2.html">next</a></p>')
    '<p><a href=page-2.html>next</a>'
    """
    for pattern, replacement in DAMAGE:
        html = pattern.sub(replacement, html)
    return html
