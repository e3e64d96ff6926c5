"""The practice site of `swathe demo`: a small invented web site to crawl, so that the first crawl needs no network.

It has two halves with the markup of two well-known sandboxes, `/quotes/` (as quotes.toscrape.com) and `/books/` (as
books.toscrape.com), so that one spider serves both. All of it is rendered from `site.json`, which holds for every
record the values that a perfect scrape stores, and the text that the page shows instead where that is awkward. Some
records cannot be stored: they are in `site.refused`.

The healthy quotes (`site.listed_quotes`) are also shown by scrolling (`/quotes/scroll`), in a table
(`/quotes/tableful/`), to members who logged in (`/quotes/members/`) and by a search form (`/quotes/search.aspx`).

By hand: `python -m scraper.demo --help`.
"""

from scraper.demo.layouts import quotes_as_json
from scraper.demo.server import DemoServer
from scraper.demo.site import DemoSite, Refusal, load_site

__all__ = ["DemoServer", "DemoSite", "Refusal", "load_site", "quotes_as_json"]
