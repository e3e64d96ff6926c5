"""Read XML that sites publish for machines: mend what browsers forgive, and say what was lost."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html.entities import html5
from typing import TYPE_CHECKING, Any

from lxml import etree
from w3lib.encoding import http_content_type_encoding, read_bom, resolve_encoding

if TYPE_CHECKING:
    from collections.abc import Container

    from scrapy.http import Response

_DECLARATION = re.compile(r"\s*<\?xml\b[^>]*?\?>", re.IGNORECASE)
_DECLARED = re.compile(rb"""\s*<\?xml[^>]*?\bencoding\s*=\s*["']([\w.:-]+)""", re.IGNORECASE)
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]+")
# What is never closed is skipped to the end at once, since to look for its end again and again would take for ever.
_AMPERSAND = re.compile(
    r"(?s:<!\[CDATA\[.*?(?:\]\]>|\Z)|<!--.*?(?:-->|\Z)|<!DOCTYPE[^\[>]*(?:\[.*?(?:\]\s*>|\Z)|>|\Z))"
    r"|&(?:(#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z]\w*);)?"
)
_OWN = ("amp", "lt", "gt", "quot", "apos")
_FORGIVEN = (etree.ErrorDomains.NAMESPACE,)
"""What libxml2 calls an error although all of the document is there: such as a prefix that nobody has declared."""


@dataclass(frozen=True)
class XmlDocument:
    """A document as far as it could be read."""

    root: Any
    """lxml's element; None without any."""
    text: str
    """The document mended, without its declaration."""
    fault: str = ""
    """What it broke off at, or had in its middle; entries may be lost there."""

    def fault_among(self, containers: Container[str]) -> str:
        """Return the fault, or what text stands between the entries, such as an error message of the server's."""
        if self.fault or self.root is None:
            return self.fault
        for element in self.root.iter():
            if local_name(element)[1] in containers:
                stray = "".join([element.text or "", *(child.tail or "" for child in element)]).strip()
                if stray:
                    return f"has text between its entries, where some may be missing: {' '.join(stray.split())[:100]}"
        return ""

    def whole(self, entries: list[Any], *names: str) -> list[Any]:
        """Return the entries, elements of these names, without the last one when it breaks off in the middle."""
        opened, closed = (
            len(re.findall(rf"<{slash}(?:[\w.-]+:)?(?:{'|'.join(names)})(?=[\s/>])", self.text)) for slash in ("", "/")
        )
        return entries[:-1] if self.fault and opened > closed else entries


def xml_document(answer: Response, body: bytes) -> XmlDocument:
    """Return the XML of an answer, `body` being its unpacked bytes.

    The charset is that of a byte order mark, of Content-Type, or of the document, in this order (RFC 7303, 3.2); a byte
    that is wrong in it becomes U+FFFD. A bare `&` stands for itself, an entity of HTML for its letter.
    """
    text = _AMPERSAND.sub(_mended, _NO_XML.sub("", _decoded(answer, body)))
    if declaration := _DECLARATION.match(text):
        text = text[declaration.end() :]
    parser = etree.XMLParser(recover=True, resolve_entities=False, no_network=True, encoding="utf-8")
    try:
        root = etree.fromstring(text.strip().encode(), parser)
    except etree.XMLSyntaxError as error:
        return XmlDocument(None, text, _said(error.msg or "no document", error.lineno or 1))
    grave = (entry for entry in parser.error_log if entry.level >= etree.ErrorLevels.ERROR)
    lost = [entry for entry in grave if entry.domain not in _FORGIVEN]
    return XmlDocument(root, text, _said(lost[0].message, lost[0].line) if lost else "")


def local_name(element: Any) -> tuple[str, str]:
    """Return the namespace of an element, or its undeclared prefix, and its name; empty ones for a comment."""
    if not isinstance(element.tag, str):
        return "", ""
    space, _, name = element.tag.rpartition("}")
    prefix, _, bare = name.rpartition(":")
    return space.removeprefix("{") or prefix, bare


def _decoded(answer: Response, body: bytes) -> str:
    marked, mark = read_bom(body)
    header = (answer.headers.get("Content-Type") or b"").decode("latin-1")
    declared = _DECLARED.match(body)
    stated = [marked, http_content_type_encoding(header), resolve_encoding(declared[1].decode()) if declared else None]
    encoding = next((one for one in stated if one), "utf-8")
    return body[len(mark or b"") :].decode(encoding, "replace")


def _mended(found: re.Match[str]) -> str:
    """Return what an ampersand was meant to be; what is no reference at all, such as CDATA, stays."""
    whole, name = found[0], found[1]
    if not whole.startswith("&"):
        return whole
    if name is None:
        return "&amp;"
    if name.startswith("#"):
        number = int(name[2:], 16) if name[1] in "xX" else int(name[1:])
        return whole if number < 0x110000 and not _NO_XML.match(chr(number)) else ""
    if name in _OWN:
        return whole
    letter = html5.get(f"{name};")
    return letter if letter and letter not in "<&" else f"&amp;{name};"


def _said(message: str, line: int) -> str:
    return f"is broken XML, of which a part may be missing: {' '.join(message.split())[:150]} (line {line})"
