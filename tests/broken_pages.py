"""Twenty list pages whose markup is broken, as sites have them, with selectors as they are copied from a browser."""

from __future__ import annotations

from typing import NamedTuple

TREES = (("Oak", "1"), ("Elm", "2"), ("Ash", "3"))
"""What each page lists."""


class Broken(NamedTuple):
    """A page: what is broken, how each entry is written, what stands around them, and the selectors."""

    what: str
    row: str
    before: str = "<ul>"
    after: str = "</ul>"
    items: str = ".item"
    name: str = ".t::text"
    price: str = ".p::text"

    @property
    def html(self) -> str:
        rows = "".join(self.row.format(n=name, p=price) for name, price in TREES)
        return (
            f"<!DOCTYPE html><html><head><title>Trees</title></head><body>{self.before}{rows}{self.after}</body></html>"
        )


TABLE, END = "<table>", "</table>"
CELLS = "<td class=t>{n}</td><td class=p>{p}</td>"
PAGES = (
    Broken("a table without its body", f"<tr>{CELLS}</tr>", TABLE, END, "table > tbody > tr"),
    Broken("rows that are not closed", "<tr><td class=t>{n}<td class=p>{p}", TABLE, END, "table > tbody > tr"),
    Broken("cells without a row", "<td class=t>{n}<td class=p>{p}<tbody>", TABLE, END, "table > tbody > tr"),
    Broken("blocks in a table", "<div class=item><p class=t>{n}<p class=p>{p}</div>", TABLE, END, "body > div"),
    Broken("blocks between the rows", "<div class=item><b class=t>{n}</b><i class=p>{p}</i></div><tr><td>-</tr>",
           TABLE, END, "body > div"),
    Broken("a list in a table", "<li class=item><b class=t>{n}</b><i class=p>{p}</i></li>", TABLE, END, "body > li"),
    Broken("a form around each row", f"<form><tr>{CELLS}</tr></form>", TABLE, END, "table > tbody > tr"),
    Broken("columns that are not closed", f"<tr>{CELLS}</tr>", "<table><col><col>", END, "colgroup + tbody > tr"),
    Broken("an end of the body after each entry", "<div class=item><b class=t>{n}</b><i class=p>{p}</i></div></body>",
           "", ""),
    Broken("an end of the page after each entry", "<p class=item><b class=t>{n}</b><i class=p>{p}</i></p></html>",
           "", ""),
    Broken("slashes between attributes", '<li/class="item"/id=a><b/class=t>{n}</b><i/class="p">{p}</i></li>'),
    Broken("a block in a paragraph", "<p class=lead>{n}<div class=item><b class=t>{n}</b><i class=p>{p}</i></div></p>",
           "", "", "body > div.item"),
    Broken("a table in a paragraph", "<p>{n}<table class=item><tr><td class=t>{n}<td class=p>{p}</table>", "", "",
           "table.item > tbody"),
    Broken("links in links", "<a class=item href=/x><b class=t>{n}</b><i class=p>{p}</i>", "<div>", "</div>",
           "div > a"),
    Broken("bold text over blocks", "<b><div class=item><span class=t>{n}</b></span><i class=p>{p}</i></div>", "", "",
           "body > div", ".t b::text, .t::text"),
    Broken("a moving text that is closed late", "<div class=item><marquee><b class=t>{n}</b></div></marquee>"
           "<i class=p>{p}</i></div>", "", ""),
    Broken("headings closed by others", "<div class=item><h2 class=t>{n}</h3><h4 class=p>{p}</h2></div>", "", ""),
    Broken("items that are not closed", "<li class=item><div class=t>{n}<div class=p>{p}", items="ul > li"),
    Broken("choices around the entries", "<div class=item><select><option>1<div>2</div></select><b class=t>{n}</b>"
           "<i class=p>{p}</i></div>", "", "", "body > div"),
    Broken("NUL in the tags", "<li class=item><b\0 class=t>{n}\0</b\0><i class=p>{p}</i>"),
)  # fmt: skip
