"""The page that a probe studies, in the forms its questions need: text, BeautifulSoup, Scrapy's response, JSON."""

from __future__ import annotations

import json
import re
import zlib
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from bs4 import BeautifulSoup
from bs4.exceptions import ParserRejectedMarkup
from scrapy.http import HtmlResponse, TextResponse
from w3lib.encoding import html_body_declared_encoding, html_to_unicode, http_content_type_encoding

from scraper.errors import ProbeError
from scraper.fetch.http.markup import MOST_ATTRIBUTES, has_endless_tag
from scraper.page_data import Effort, PageData, data_in

if TYPE_CHECKING:
    from scraper.probe.fetching import Fetched

MOST_TAGS = 40_000
"""Of a page with more, the beginning is studied: building so many elements takes seconds."""

HTML = re.compile(rb"<(?:!doctype\s+html|html|head|body|title|div|p|table|script|meta|h1)\b", re.IGNORECASE)
XML = re.compile(rb"^\s*(?:<\?xml|<(?:rss|feed|urlset|sitemapindex|rdf:RDF)\b)", re.IGNORECASE)
CONTROL = re.compile(rb"[\x01-\x08\x0e-\x1a\x1c-\x1f]")
MOST_CONTROL = 0.1
"""A text may have a few control characters; this share of the beginning is no text."""


MEDIA = ("image/", "audio/", "video/", "font/", "application/pdf", "application/zip")
MOST_UNPACKED_BYTES = 2**21


@dataclass(frozen=True)
class StudiedPage:
    """A fetched page."""

    fetched: Fetched

    @property
    def url(self) -> str:
        """Its address, after redirects."""
        return self.fetched.url

    @cached_property
    def content_type(self) -> str:
        """The media type that its header declares, or an empty text."""
        return str(self.fetched.headers.get("Content-Type", "")).partition(";")[0].strip().lower()

    @cached_property
    def body(self) -> bytes:
        """What was sent; of a gzipped file, the beginning of what is in it."""
        return unpacked(self.fetched.body)

    @cached_property
    def kind(self) -> str:
        """What it is, whatever its header says: `html`, `json`, `xml`, `text`, `binary` or `empty`."""
        start = self.body[:4096]
        if not start.strip():
            return "empty"
        if self.content_type.startswith(MEDIA) or start.startswith((b"%PDF", b"PK\x03\x04")):
            return "binary"
        is_wide = start.startswith((b"\xff\xfe", b"\xfe\xff"))
        if b"\x00" in start and not is_wide and not HTML.search(start):  # HTML may have one by mistake
            return "binary"
        if len(CONTROL.findall(start)) > MOST_CONTROL * len(start):
            return "binary"
        if XML.search(start) and b"<html" not in start.lower():
            return "xml"
        if start.lstrip()[:1] in (b"{", b"[") and self.data is not None:
            return "json"
        return "html" if HTML.search(start) or "html" in self.content_type else "text"

    @cached_property
    def declared_encoding(self) -> str:
        """The encoding that its header or its HTML names, or an empty text."""
        header = self.fetched.headers.get("Content-Type")
        return http_content_type_encoding(header) or html_body_declared_encoding(self.fetched.body[:4096]) or ""

    @cached_property
    def _decoded(self) -> tuple[str, str]:
        found = html_to_unicode(self.fetched.headers.get("Content-Type"), self.fetched.body, default_encoding="utf-8")
        return found[0], found[1]

    @property
    def encoding(self) -> str:
        """The encoding that it was read with."""
        return self._decoded[0]

    @cached_property
    def text(self) -> str:
        """The page as text, as far as it is studied; raises ProbeError for one that no parser should be given."""
        text = self._decoded[1]
        if self.kind == "html" and has_endless_tag(text.encode("utf-8", "replace")):
            raise ProbeError(f"{self.url} has a tag with more than {MOST_ATTRIBUTES} attributes, which no page needs")
        while (count := text.count("<")) > MOST_TAGS:
            text = text[: int(len(text) * max(0.1, MOST_TAGS / count * 0.95))]
        return text

    @property
    def is_cut(self) -> bool:
        """Whether only its beginning is studied."""
        return len(self.text) < len(self._decoded[1])

    @cached_property
    def soup(self) -> BeautifulSoup:
        """The page's elements; none for what is no HTML."""
        text = self.text if self.kind == "html" and "<" in self.text else "<html></html>"
        text = re.sub(r"\A\s{0,100}<\?xml[^>]{0,500}>", "", text.encode("utf-8", "replace").decode())
        try:
            return BeautifulSoup(text, "lxml", huge_tree=True)
        except (ParserRejectedMarkup, AssertionError, ValueError):
            return BeautifulSoup("<html></html>", "lxml")

    @cached_property
    def response(self) -> TextResponse:
        """The page as a spider gets it, to try out what is proposed."""
        kind = HtmlResponse if self.kind == "html" else TextResponse
        body = self.text.encode("utf-8", "replace") if self.kind == "html" else self.fetched.body
        headers = {name: value for name, value in self.fetched.headers.items() if name.lower() != "content-type"}
        return kind(self.url, body=body, encoding="utf-8", headers=headers)

    @cached_property
    def data(self) -> Any:
        """Its JSON, or None."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None

    @cached_property
    def data_inside(self) -> list[PageData]:
        """The data that it carries; of an answer that is JSON, that."""
        if self.kind == "json":
            return [PageData("the answer", self.data)]
        return data_in(self.text, self.effort) if self.kind == "html" else []

    @cached_property
    def effort(self) -> Effort:
        """The work that may go into the data that it carries, and what was left out of them."""
        return Effort(len(self.text))

    @cached_property
    def scripts(self) -> list[str]:
        """Its inline scripts that are JavaScript."""
        found = self.soup.find_all("script", src=False, limit=200)
        kinds = ("", "module", "text/javascript", "application/javascript")
        return [str(tag.string or "") for tag in found if str(tag.get("type") or "").lower() in kinds]


def unpacked(body: bytes) -> bytes:
    """Return the beginning of a body that may be gzipped and may be cut."""
    if body[:2] != b"\x1f\x8b":
        return body
    try:
        return zlib.decompressobj(31).decompress(body, MOST_UNPACKED_BYTES) or body
    except zlib.error:
        return body
