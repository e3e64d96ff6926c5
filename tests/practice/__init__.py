"""The practice site as tests and benchmarks need it: what `scraper.demo` serves, and every way a site may be harder.

The records are the demo's; `server.site` holds the values that a perfect scrape stores. The healthy quotes
(`site.listed_quotes`) are listed in every way a site may show them: `/lists/` names all.

- Next pages: links, numbers, totals, offsets, cursors, tokens, buttons, forms, scrolling, tags, days, and traps.
- Log-in: `/quotes/login`, for `/quotes/members/`; `session_pages` of the server ends a session early.
- Forms: `/quotes/search.aspx`, for `site.filterable_quotes`; `viewstate_uses` of the server lets its state expire.
- Sources: `/sitemap.xml`, `/feeds/quotes.rss` and `/feeds/quotes.atom`.
- Scripts: `/quotes/js/`, `/quotes/js-delayed/`, and what `/js/` names: the same quotes shown only by JavaScript, and
  pages that a browser must survive; `quotes_as_json(site)` is what their data hold.
- Trouble: what is below `/trouble/` is an answer that a crawler must survive.
- Faults: besides failing, a page may lose records (`keep_records`) or its way on (`remove_next`), or be another one
  (`serve_as`, `body`); `skip` lets the first requests pass.

In a test:

    with PracticeServer(faults={"/quotes/page/2/": Fault(status=503, times=1)}) as server:
        crawl(f"{server.url}quotes/")
        assert stored("quotes") == server.site.quotes
        assert [request.status for request in server.requests if request.path == "/quotes/page/2/"] == [503, 200]

By hand, or for a benchmark: `python -m practice --help`, in the folder `tests`.
"""

from practice.enlargement import enlarge
from practice.faults import Fault
from practice.server import PracticeServer, Request
from scraper.demo import DemoSite, load_site, quotes_as_json

__all__ = ["DemoSite", "Fault", "PracticeServer", "Request", "enlarge", "load_site", "quotes_as_json"]
