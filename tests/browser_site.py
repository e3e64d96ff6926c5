"""A small site for the browser's tests: a page for every habit of scripts, on a real socket, that counts who came."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable

ROWS = """const add = (n, from = 0) => { for (let i = 0; i < n; i++) {
  const row = document.createElement("p"); row.className = "row"; row.textContent = "row " + (from + i);
  document.querySelector("#list").append(row); } };"""


def page(body: str, script: str = "", head: str = "") -> str:
    """Return an HTML page with a list and a script at its end."""
    return (
        f"<!DOCTYPE html><html><head><title>t</title>{head}</head><body>{body}<div id=list></div>"
        f"<script>{ROWS}\n{script}</script></body></html>"
    )


MORE = """let got = 5; add(5); document.querySelector("#more").onclick = event => { %s };"""
FEED = """const asks = new URLSearchParams(location.search), button = document.querySelector("#more");
let number = 0, asked = false, shown = 0;
const over = () => { number = 99; if (button && !asks.has("keep")) button.remove(); };
const more = async () => { if (number === 99) return; asked = true; number += 1;
  if (asks.has("beacon")) fetch(asks.get("beacon")).catch(() => {});
  try {
    const get = url => fetch(url, asks.has("patience") ? { signal: AbortSignal.timeout(300) } : {});
    let answer = await get("/feed.json?page=" + number + "&" + asks);
    if (!answer.ok && asks.has("again")) answer = await get("/feed.json?page=" + number + "&" + asks);
    const got = await answer.json();
    if (!got.items) throw new Error("none");
    add(got.items.length, shown); shown += got.items.length;
    if (got.more === false || !got.items.length) over();
  } catch (error) { if (!asks.has("go-on")) { document.querySelector("#list").append("Sorry."); over(); } }
  asked = false; };
%s"""
"""A list of three pages of five, whose third page may fail; it says so, and its button goes away."""

VIRTUAL = """const list = document.querySelector("#list"), box = document.createElement("div"), tall = box.cloneNode();
box.style = "height: 400px; overflow-y: auto"; tall.style = "height: 5000px"; list.style = "position: sticky; top: 0";
list.before(box); box.append(tall); tall.append(list);
const draw = () => { const from = Math.floor(box.scrollTop / 50); %s };
box.addEventListener("scroll", draw); draw();"""

PAGES = {
    "/static": page("<p class=row>0</p><img src=/picture><img src=/p.png><link rel=icon href=/i.ico>"),
    "/inline": page("", "add(13)"),
    "/delayed": page("", "setTimeout(() => add(3), 700)"),
    "/xhr": page("", "fetch('/rows.json?n=5').then(a => a.json()).then(rows => add(rows.length))"),
    "/posted": page(
        "",
        """const x = new XMLHttpRequest(); x.open("POST", "/rows.json?n=2"); x.onload = () => add(2);
        x.send('{"page": 1}')""",
    ),
    "/never": page("<p class=row>0</p>", "fetch('/hang')"),
    "/half": page("<p class=row>0</p><script src=/hang></script>"),
    "/hang-page": "hang",
    "/scroll": page(
        "<style>.row { height: 120px }</style>",
        """let got = 0, asked = false; const more = () => { if (asked || got >= 60) return; asked = true;
        fetch("/rows.json?n=10").then(a => a.json()).then(r => { add(r.length, got); got += r.length; asked = false; });
        }; more(); addEventListener("scroll", more);""",
    ),
    "/more": page(
        "<button id=more>More</button>",
        """let got = 5; add(5); document.querySelector("#more").onclick = event => fetch("/rows.json?n=5").then(a => {
        add(5, got); got += 5; if (got >= 20) event.target.remove(); });""",
    ),
    "/endless": page("<button id=more>More</button>", MORE % "add(5, got); got += 5"),
    "/idle": page("<button id=more>More</button>", MORE % ""),
    "/over": page(
        "<button id=more>More</button>",
        MORE
        % """if (got < 20) { add(5, got); got += 5; } if (got >= 20) {
        event.target.setAttribute("aria-disabled", "true"); event.target.className = "disabled"; }""",
    ),
    "/failing": page(
        "<button id=more>More</button>",
        MORE
        % """fetch("/no-such.json").then(a => { if (!a.ok) document.querySelector("#list").append("try again"); })""",
    ),
    "/replacing": page(
        "<button id=more>Next</button>",
        MORE
        % """document.querySelector("#list").textContent = ""; add(5, got); got += 5;
        if (got >= 20) event.target.remove();""",
    ),
    "/scroll-failing": page(
        "<style>.row { height: 120px }</style>",
        """let asked = false; add(10);
        addEventListener("scroll", () => { if (!asked) fetch("/no-such.json"); asked = true; });""",
    ),
    "/feed": page("<button id=more>More</button>", FEED % "document.querySelector('#more').onclick = more; more();"),
    "/feed-scroll": page(
        "<style>.row { height: 300px }</style>",
        FEED % "addEventListener('scroll', () => { if (!asked) more(); }); more();",
    ),
    "/virtual": page("", VIRTUAL % """list.textContent = ""; for (let i = 0; i < 12; i++) add(1, from + i);"""),
    "/jumping": page(
        "",
        VIRTUAL
        % """const first = from - from % 12; list.textContent = ""; for (let i = 0; i < 12; i++) add(1, first + i);""",
    ),
    "/recycling": page(
        "",
        VIRTUAL
        % """if (!list.children.length) add(12);
        [...list.children].forEach((row, i) => { row.textContent = "row " + (from + i); });""",
    ),
    "/modal": page(
        "<div id=modal style='position:fixed;inset:0;background:white'><button class=close>x</button></div>",
        """document.querySelector(".close").onclick = () => {
        document.querySelector("#modal").remove(); setTimeout(() => add(4), 50); }""",
    ),
    "/consent": page(
        "<div id=wall><button id=accept>Accept</button></div>",
        """document.querySelector("#accept").onclick = () => { document.cookie = "consent=yes; path=/";
        location.reload(); };
        if (document.cookie.includes("consent=yes")) { document.querySelector("#wall").remove(); add(6); }""",
    ),
    "/form": page(
        "<form action=/found><input name=q id=q></form>",
    ),
    "/shadow": page(
        "<x-card><b slot=name>slotted</b></x-card><div id=declared><template shadowrootmode=open>"
        "<p class=row>declared</p></template></div>",
        """customElements.define("x-card", class extends HTMLElement { connectedCallback() {
        this.attachShadow({mode: "open"}).innerHTML =
         "<p class=row>in shadow</p><h4><slot name=name></slot></h4>"; } })""",
    ),
    "/frame": page("<iframe id=inner src=/inline></iframe>"),
    "/alerts": page("", "try { while (true) alert('again') } catch (e) { add(2) } "),
    "/confirms": page("", "for (let i = 0; i < 50; i++) { confirm('?'); prompt('?'); } add(2)"),
    "/popup": page(
        "<a id=out href=/inline target=_blank>out</a>",
        "window.open('/inline?popup'); window.open('about:blank'); add(1)",
    ),
    "/leaving": page("", "addEventListener('beforeunload', e => { e.preventDefault(); e.returnValue = 1 }); add(1)"),
    "/download-later": page("<a id=get href=/file download>get</a>", "document.querySelector('#get').click(); add(1)"),
    "/bomb": page("", "const all = []; while (true) all.push(new Array(1e6).fill(Math.random()))"),
    "/busy": page("", "while (true) {}"),
    "/ticking": page("<p class=row>0</p><i></i>", "setInterval(() => document.querySelector('i').append('x'), 20)"),
    "/large": page("", "document.querySelector('#list').textContent = 'x'.repeat(3 * 2 ** 20)"),
    "/store": page(
        "",
        """document.cookie = "left=1"; localStorage.setItem("left", "1");
        sessionStorage.setItem("left", "1"); add(1)""",
    ),
    "/store-and-go-on": page(
        "", "sessionStorage.setItem('left', '2'); setTimeout(() => { location.href = '/stored' }, 50)"
    ),
    "/stored": page(
        "",
        """document.querySelector("#list").textContent = [document.cookie, localStorage.getItem("left"),
        sessionStorage.getItem("left")].join("|"); add(1)""",
    ),
    "/worker": page(
        "",
        "navigator.serviceWorker.register('/worker.js').then(() => navigator.serviceWorker.ready).then(() => add(1))",
    ),
    "/to-meta": page("", "", "<meta http-equiv=refresh content='0;url=http://169.254.169.254/latest/'>"),
    "/reloading": page("", "location.reload()"),
    "/meta-anew": page("<p class=row>0</p>", "", "<meta http-equiv=refresh content=0>"),
    "/expires": page("", "setTimeout(() => { location.href = '/static' }, 6000); setTimeout(() => add(2), 7000)"),
    "/expires-meta": page("", "setTimeout(() => add(2), 7000)", "<meta http-equiv=refresh content='6;url=/static'>"),
    "/goes-on": page("", "setTimeout(() => { location.href = '/inline' }, 300)"),
    "/goes-on-meta": page("", "", "<meta http-equiv=refresh content='1;url=/inline'>"),
    "/clicked-late": page(
        "<button id=go>Go</button>",
        """setTimeout(() => { document.querySelector("#go").className = "ready"; }, 6000);
        document.querySelector("#go").onclick = () => { location.href = "/inline"; }""",
    ),
}


class BrowserSite:
    """The site, at a port of its own; `hits` counts the paths that were asked for."""

    def __init__(self, pages: dict[str, str] | None = None) -> None:
        self.pages = {**PAGES, **(pages or {})}
        self.hits: Counter[str] = Counter()
        self.seen: dict[str, dict[str, str]] = {}
        """The headers that a path was last asked for with."""
        self.closing = threading.Event()
        self.feed = 0
        """How often the page of a feed that may fail was asked for."""
        site = self

        class Handler(_Handler):
            owner = site

        self._server = _Server(("127.0.0.1", 0), Handler)
        self.port = self._server.server_port
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Say nothing: a browser that goes away in the middle is what several tests are about."""


class _Handler(BaseHTTPRequestHandler):
    owner: BrowserSite

    def log_message(self, *_: object) -> None:
        """Keep the tests' output clean."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"] or 0))
        self.do_GET()

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        site, query = self.owner, {key: values[0] for key, values in parse_qs(parts.query).items()}
        site.hits[parts.path] += 1
        site.seen[parts.path] = dict(self.headers)
        special: Callable[[dict[str, str]], None] | None = getattr(
            self, "_" + parts.path.strip("/").replace(".", "_"), None
        )
        if special:
            special(query)
        elif parts.path in ("/hang", "/hang-page"):
            site.closing.wait(60)
        elif parts.path in site.pages:
            self._send(site.pages[parts.path])
        else:
            self._send(page("<p class=row>no such page</p>"), status=404)

    def _rows_json(self, query: dict[str, str]) -> None:
        rows: list[Any] = [{"row": number} for number in range(int(query["n"]))]
        time.sleep(0.05)  # a server's own time, not a test's wait
        self._send(json.dumps(rows), kind="application/json")

    def _feed_json(self, query: dict[str, str]) -> None:
        number, bad = int(query["page"]), query.get("bad", "")
        rows = [{"row": i} for i in range(5)] if number <= 3 else []
        whole = json.dumps({"items": rows, **({} if "untold" in query else {"more": number < 3})})
        self.owner.feed += number == int(query.get("at", 3))
        if number != int(query.get("at", 3)) or not bad or ("again" in query and self.owner.feed % 2 == 0):
            self._send(whole, kind="application/json")
        elif bad.isdecimal():
            self._send('{"items": null}', kind="application/json", status=int(bad))
        elif bad == "hang":
            self.owner.closing.wait(60)
        elif bad == "gone":
            self.close_connection = True
        else:
            says = {"cut": whole[:-9], "empty": "", "error": '{"error": "busy"}', "other": '{"message": "slow down"}'}
            says |= {"page": page("Sorry."), "listed-error": '{"items": [], "error": {"code": 500}}'}
            says |= {
                "more": '{"items": [], "page": {"more": true}}',
                "none": '{"items": [], "filters": {"more": true}}',
            }
            self._send(says[bad], kind="text/html" if bad == "page" else "application/json")

    def _redirect(self, query: dict[str, str]) -> None:
        self._send("", status=302, Location=query["to"])

    def _status(self, query: dict[str, str]) -> None:
        self._send(page("<p class=row>sorry</p>"), status=int(query["code"]), **{"X-Said": "so"})

    def _file(self, _query: dict[str, str]) -> None:
        self._send("secret", kind="application/octet-stream", **{"Content-Disposition": "attachment; filename=f.bin"})

    def _cookies(self, _query: dict[str, str]) -> None:
        got = self.headers.get("Cookie", "")
        cookie = "hidden=fresh; Path=/; HttpOnly"
        self._send(
            page(f"<p class=row id=got>{got}</p>", "document.cookie = 'scripted=yes; path=/'"), **{"Set-Cookie": cookie}
        )

    def _worker_js(self, _query: dict[str, str]) -> None:
        self._send("self.addEventListener('fetch', e => e.respondWith(new Response('taken over')))", "text/javascript")

    def _found(self, query: dict[str, str]) -> None:
        self._send(page(f"<p class=row>found {query.get('q')}</p>"))

    def _send(self, text: str, kind: str = "text/html; charset=utf-8", status: int = 200, **headers: str) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
