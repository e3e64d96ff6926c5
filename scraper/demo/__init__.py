"""The practice site: a small invented web site to scrape, bundled so that demo, tests and benchmarks need no network.

It has two halves with the markup of two well-known sandboxes, `/quotes/` (as quotes.toscrape.com) and `/books/` (as
books.toscrape.com), so that one spider serves both. All of it is rendered from `site.json`, which holds for every
record the values that a perfect scrape stores, and the text that the page shows instead where that is awkward. Some
records cannot be stored: they are in `site.refused`.

The healthy quotes (`site.listed_quotes`) are also listed in every other way a site may show them: `/lists/` names all.

- Next pages: links, numbers, totals, offsets, cursors, tokens, buttons, forms, scrolling, tags, days, and traps.
- Log-in: `/quotes/login`, for `/quotes/members/`; `session_pages` of the server ends a session early.
- Forms: `/quotes/search.aspx`, for `site.filterable_quotes`; `viewstate_uses` of the server lets its state expire.
- Sources: `/sitemap.xml`, `/feeds/quotes.rss` and `/feeds/quotes.atom`.
- Scripts: `/quotes/js/`, `/quotes/js-delayed/`, and what `/js/` names: the same quotes shown only by JavaScript, and
  pages that a browser must survive; `quotes_as_json(site)` is what their data hold.
- Faults: besides failing, a page may lose records (`keep_records`) or its way on (`remove_next`), or be another one
  (`serve_as`, `body`); `skip` lets the first requests pass.

In a test:

    with PracticeServer(faults={"/quotes/page/2/": Fault(status=503, times=1)}) as server:
        crawl(f"{server.url}quotes/")
        assert stored("quotes") == server.site.quotes
        assert [request.status for request in server.requests if request.path == "/quotes/page/2/"] == [503, 200]

By hand, or for a benchmark: `python -m scraper.demo --help`.
"""

from scraper.demo.data import PracticeSite, Refusal, load_site
from scraper.demo.enlargement import enlarge
from scraper.demo.faults import Fault
from scraper.demo.server import PracticeServer, Request
from scraper.demo.variants import quotes_as_json

__all__ = ["Fault", "PracticeServer", "PracticeSite", "Refusal", "Request", "enlarge", "load_site", "quotes_as_json"]
