"""Every kind of pagination, each declared in one line of a spider: `pagination = NextLink("li.next a")`."""

from scraper.paging.forms import FormChoices, NextForm, Postback
from scraper.paging.kind import Pagination
from scraper.paging.links import NextLink
from scraper.paging.nested import DateWindows, Lists
from scraper.paging.numbered import Cursor, Offsets, PageNumbers
from scraper.paging.sources import Feed, Sitemap

__all__ = [
    "Cursor",
    "DateWindows",
    "Feed",
    "FormChoices",
    "Lists",
    "NextForm",
    "NextLink",
    "Offsets",
    "PageNumbers",
    "Pagination",
    "Postback",
    "Sitemap",
]
