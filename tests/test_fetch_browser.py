"""Pages rendered by the pool, with the real Chromium: what waits, what is done on a page, what is returned."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from browser_site import BrowserSite
from browser_site import page as in_page
from lxml import html as lxml_html
from scrapy.exceptions import DownloadCancelledError, DownloadConnectionRefusedError, DownloadTimeoutError
from support import configured, until

from scraper.browser.actions import (
    Click,
    Dismiss,
    LoadMore,
    Script,
    ScrollToEnd,
    Type,
    WaitFor,
)
from scraper.fetch.browser.errors import PageRefusedError
from scraper.fetch.browser.job import PageJob, RenderedPage
from scraper.fetch.browser.pool import BrowserPool

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def site() -> Iterator[BrowserSite]:
    with BrowserSite() as site:
        yield site


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrowserPool]:
    options = {"DRIVERS": "2", "SCRIPT_TIMEOUT_S": "2.5"}
    config = configured(**{f"SWATHE_RENDERING_{name}": value for name, value in options.items()})
    with BrowserPool(config.rendering, tmp_path_factory.mktemp("data"), user_agent="Swathe/test") as pool:
        yield pool


@pytest.fixture
def render(pool: BrowserPool, site: BrowserSite) -> Any:
    def rendered(path: str, *actions: Any, wait_for: str = ".row", **options: Any) -> RenderedPage:
        job = PageJob(site.url + path, wait_for=wait_for, actions=actions, **options)
        return pool.submit(job).result(60)

    return rendered


def rows(page: RenderedPage) -> list[str]:
    return [row.text_content() for row in lxml_html.fromstring(page.body.decode()).cssselect(".row")]


@pytest.mark.parametrize(("path", "count"), [("/inline", 13), ("/delayed", 3), ("/xhr", 5)])
def test_a_page_is_returned_with_what_its_scripts_have_added(render: Any, path: str, count: int) -> None:
    page = render(path)
    assert len(rows(page)) == count
    assert page.status == 200
    assert page.flags == ("browser",)


@pytest.fixture(scope="module")
def patient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrowserPool]:
    config = configured(SWATHE_RENDERING_DRIVERS="1", SWATHE_RENDERING_SCRIPT_TIMEOUT_S="15")
    with BrowserPool(config.rendering, tmp_path_factory.mktemp("data"), user_agent="Swathe/test") as pool:
        yield pool


@pytest.mark.parametrize("path", ["/expires", "/expires-meta"])
def test_a_page_that_goes_elsewhere_after_a_while_is_not_followed(
    patient: BrowserPool, site: BrowserSite, path: str
) -> None:
    page = patient.submit(PageJob(site.url + path, wait_for=".row")).result(60)
    assert (page.url, len(rows(page))) == (site.url + path, 2)


@pytest.mark.parametrize("path", ["/goes-on", "/goes-on-meta"])
def test_a_page_that_goes_elsewhere_at_once_is_followed(patient: BrowserPool, site: BrowserSite, path: str) -> None:
    page = patient.submit(PageJob(site.url + path, wait_for=".row")).result(60)
    assert (page.url, len(rows(page))) == (site.url + "/inline", 13)


def test_a_page_that_loads_itself_anew_without_end_is_read(render: Any, site: BrowserSite) -> None:
    page = render("/meta-anew", wait_for="")
    assert (rows(page), page.url) == (["0"], site.url + "/meta-anew")


def test_a_click_leads_elsewhere_however_late_it_comes(patient: BrowserPool, site: BrowserSite) -> None:
    actions = (WaitFor("#go.ready"), Click("#go"))
    page = patient.submit(PageJob(site.url + "/clicked-late", wait_for=".row", actions=actions)).result(60)
    assert (page.url, len(rows(page))) == (site.url + "/inline", 13)


@pytest.mark.parametrize(("path", "count"), [("/inline", 13), ("/xhr", 5)])
def test_without_a_condition_a_page_is_awaited_until_it_is_quiet(render: Any, path: str, count: int) -> None:
    assert len(rows(render(path, wait_for=""))) == count


def test_a_condition_that_never_comes_is_flagged_and_the_page_returned(render: Any) -> None:
    page = render("/inline", wait_for="#nothing")
    assert page.flags == ("browser", "wait_for-missing")
    assert len(rows(page)) == 13


def test_a_condition_that_is_no_selector_says_so(render: Any) -> None:
    with pytest.raises(PageRefusedError, match="not a valid selector"):
        render("/inline", wait_for="..row")


def test_requests_that_never_end_do_not_keep_the_page(render: Any) -> None:
    assert rows(render("/never")) == ["0"]
    assert "busy" in render("/never", wait_for="").flags


def test_a_page_that_changes_all_the_time_is_returned_at_the_limit(render: Any) -> None:
    assert rows(render("/ticking", wait_for="")) == ["0"]


def test_a_document_that_never_finishes_is_returned_as_far_as_it_came(render: Any) -> None:
    assert rows(render("/half")) == ["0"]


def test_status_and_headers_are_those_of_the_document(render: Any) -> None:
    page = render("/status?code=404")
    assert (page.status, page.headers["X-Said"], rows(page)) == (404, "so", ["sorry"])
    assert render("/status?code=503").status == 503


def test_a_redirect_on_the_site_is_followed_and_its_end_named(render: Any, site: BrowserSite) -> None:
    page = render("/redirect?to=/inline")
    assert (page.url, page.status, len(rows(page))) == (f"{site.url}/inline", 200, 13)


def test_shadow_roots_stand_in_the_page_with_what_is_slotted_into_them(render: Any) -> None:
    page = render("/shadow")
    assert sorted(rows(page)) == ["declared", "in shadow"]
    assert [found.text_content() for found in lxml_html.fromstring(page.body.decode()).cssselect("h4 b")] == ["slotted"]


def test_frames_of_the_site_stand_in_the_page_in_their_place(render: Any, site: BrowserSite) -> None:
    page = render("/frame")
    assert len(rows(page)) == 13
    assert [box.get("data-frame") for box in lxml_html.fromstring(page.body.decode()).cssselect("#inner")] == [
        f"{site.url}/inline"
    ]


def test_scrolling_goes_on_until_nothing_more_comes(render: Any) -> None:
    assert len(rows(render("/scroll", ScrollToEnd()))) == 60
    assert len(rows(render("/scroll", ScrollToEnd(until_css_stops=".row")))) == 60
    assert len(rows(render("/scroll", ScrollToEnd(most=2)))) < 60


def test_a_button_is_clicked_until_it_goes_away(render: Any) -> None:
    assert len(rows(render("/more", LoadMore("#more")))) == 20
    assert len(rows(render("/more", LoadMore("#more", most=1)))) == 10


@pytest.mark.parametrize(
    ("path", "action", "count", "doubt"),
    [
        ("/scroll", ScrollToEnd(), 60, ""),
        ("/more", LoadMore("#more"), 20, ""),
        ("/over", LoadMore("#more"), 20, ""),
        ("/more", LoadMore("#more", most=1), 10, "#more was clicked 1 times, which is the limit"),
        ("/scroll", ScrollToEnd(most=2), 30, "it was scrolled 2 times, which is the limit"),
        ("/endless", LoadMore("#more", most=9), 50, "#more was clicked 9 times, which is the limit"),
        ("/idle", LoadMore("#more"), 5, "#more can still be clicked and adds nothing"),
        ("/failing", LoadMore("#more"), 5, "what #more asks for failed"),
        ("/scroll-failing", ScrollToEnd(), 10, "what the page asked /no-such.json for failed (status 404)"),
        ("/replacing", LoadMore("#more"), 20, ""),
        ("/virtual", ScrollToEnd(), 104, ""),
        ("/recycling", ScrollToEnd(), 104, ""),
        (
            "/virtual",
            ScrollToEnd(most=3),
            36,
            "24 entries that were shown have left the page while scroll_to_end went on",
        ),
        ("/jumping", ScrollToEnd(), 36, "24 entries that were shown have left the page while scroll_to_end went on"),
    ],
)
def test_what_unfolds_a_list_says_how_it_ended(render: Any, path: str, action: Any, count: int, doubt: str) -> None:
    page = render(path, action)
    assert (len(rows(page)), list(page.doubts)) == (count, [doubt] if doubt else [])


@pytest.mark.parametrize(("path", "action"), [("/feed", LoadMore("#more")), ("/feed-scroll", ScrollToEnd())])
@pytest.mark.parametrize(
    ("asks", "count", "doubt"),
    [
        ("", 15, ""),
        ("untold=1", 15, ""),
        ("bad=none", 10, ""),
        ("bad=more", 10, "the last answer of /feed.json says that there is more"),
        ("bad=500", 10, "failed (status 500)"),
        ("bad=404", 10, "failed (status 404)"),
        ("bad=429", 10, "failed (status 429)"),
        ("bad=403", 10, "failed (status 403)"),
        ("bad=gone", 10, "failed (net::ERR_EMPTY_RESPONSE)"),
        ("bad=hang&patience", 10, "failed (net::ERR_ABORTED)"),
        ("bad=error", 10, "answered with an error (error: busy)"),
        ("bad=listed-error", 10, "answered with an error (error: {'code': 500})"),
        ("bad=other", 10, "is unlike the answers before it"),
        ("bad=cut", 10, "is no whole JSON"),
        ("bad=empty", 10, "is an empty answer, unlike those before it"),
        ("bad=page", 10, "is unlike the answers before it"),
        ("bad=500&at=2&go-on", 5, "failed"),
        ("bad=500&again=1", 15, ""),
        ("beacon=/no-such-beacon", 15, ""),
        ("beacon=http://localhost:9/", 15, ""),
    ],
)
def test_what_a_list_asks_for_and_does_not_get_is_told(
    render: Any, path: str, action: Any, asks: str, count: int, doubt: str
) -> None:
    page = render(f"{path}?{asks}", action)
    assert len(rows(page)) == count
    assert (doubt in "".join(page.doubts)) if doubt else not page.doubts


@pytest.mark.parametrize(
    ("path", "action", "doubt"),
    [
        ("/feed", LoadMore("#more"), "#more can still be clicked and adds nothing"),
        ("/feed-scroll", ScrollToEnd(), "what the page asked /feed.json for failed (no answer came)"),
    ],
)
def test_a_list_that_waits_for_an_answer_without_end_is_told(render: Any, path: str, action: Any, doubt: str) -> None:
    page = render(f"{path}?bad=hang", action)
    assert (len(rows(page)), page.doubts) == (10, (doubt,))


def test_a_modal_and_a_cookie_wall_are_clicked_away_when_they_are_there(render: Any) -> None:
    assert len(rows(render("/modal", Dismiss(".close")))) == 4
    assert len(rows(render("/consent", Dismiss("#accept")))) == 6
    assert len(rows(render("/inline", Dismiss("#accept")))) == 13


def test_typing_sends_the_form_and_the_page_it_leads_to_is_returned(render: Any, site: BrowserSite) -> None:
    page = render("/form", Type("#q", "blue", submit=True))
    assert (page.url, rows(page)) == (f"{site.url}/found?q=blue", ["found blue"])


def test_a_script_and_a_wait_are_actions_too(render: Any) -> None:
    page = render("/inline", Script("setTimeout(() => add(1, 90), 300)"), WaitFor(".row:nth-child(14)"))
    assert rows(page)[-1] == "row 90"


def test_an_action_without_its_element_fails_and_says_which(render: Any) -> None:
    with pytest.raises(PageRefusedError, match="'click' failed: nothing that can be clicked matches #nothing"):
        render("/inline", Click("#nothing"))


@pytest.mark.parametrize(("path", "count"), [("/alerts", 2), ("/confirms", 2), ("/popup", 1), ("/leaving", 1)])
def test_dialogs_and_popups_stop_nothing(render: Any, path: str, count: int) -> None:
    assert len(rows(render(path))) == count


def test_a_popup_by_a_click_is_closed(render: Any, pool: BrowserPool) -> None:
    assert render("/popup", Click("#out")).url.endswith("/popup")
    drivers = until(lambda: not pool._busy and pool._idle, "the page is left")
    assert all(len(driver.connection._do("w3cGetWindowHandles")) == 1 for driver in drivers)


def test_the_json_that_a_page_got_is_kept_when_asked_for(render: Any, site: BrowserSite) -> None:
    (answer,) = render("/posted", keep_json=True).answers
    assert (answer.url, answer.method, answer.post_data) == (f"{site.url}/rows.json?n=2", "POST", '{"page": 1}')
    assert (answer.status, answer.body) == (200, '[{"row": 0}, {"row": 1}]')
    assert render("/posted").answers == ()


def test_a_document_of_json_is_returned_as_it_was_sent(render: Any) -> None:
    page = render("/rows.json?n=1", wait_for="")
    assert (page.kind, page.body) == ("application/json", b'[{"row": 0}]')


def test_cookies_go_to_the_page_and_come_back_also_those_hidden_from_scripts(render: Any) -> None:
    page = render("/cookies", cookies=(("given", "1"), ("other", "2")))
    assert rows(page) == ["given=1; other=2"]
    assert sorted(page.set_cookies) == ["hidden=fresh; Path=/; HttpOnly", "scripted=yes; Path=/"]


def test_a_page_finds_nothing_that_another_has_left(pool: BrowserPool, site: BrowserSite) -> None:
    jobs = [PageJob(f"{site.url}{path}", wait_for=".row") for path in ("/store", "/stored") * 4]
    pages = [pool.submit(job).result(60) for job in jobs]
    texts = [lxml_html.fromstring(page.body.decode()).cssselect("#list")[0].text for page in pages[1::2]]
    assert texts == ["||"] * 4


def test_no_database_cache_file_or_worker_of_a_page_is_left(render: Any, site: BrowserSite) -> None:
    site.pages["/keep"] = in_page(
        "",
        """(async () => {
        await (await caches.open("c")).put("/x", new Response("1"));
        await (await navigator.storage.getDirectory()).getFileHandle("f", {create: true});
        await new Promise((resolve, reject) => {
          Object.assign(indexedDB.open("d"), {onsuccess: resolve, onerror: reject}); });
        await navigator.serviceWorker.register("/worker.js"); await navigator.serviceWorker.ready; add(1); })()""",
    )
    site.pages["/kept"] = in_page(
        "<i></i>",
        """(async () => { const files = [];
        for await (const file of (await navigator.storage.getDirectory()).keys()) files.push(file);
        const workers = await navigator.serviceWorker.getRegistrations();
        document.querySelector("i").textContent =
          [...await caches.keys(), ...files, ...(await indexedDB.databases()).map(d => d.name), workers.length].join();
        add(1); })()""",
    )
    # Each of the pool's drivers has kept something before one looks.
    keeping, looking = [render("/keep") for _ in range(2)], [render("/kept") for _ in range(2)]
    assert [page.flags for page in keeping + looking] == [("browser",)] * 4
    assert [lxml_html.fromstring(page.body.decode()).cssselect("i")[0].text for page in looking] == ["0", "0"]


def test_what_a_page_leaves_is_there_when_it_goes_on_to_another(render: Any) -> None:
    page = render("/store-and-go-on", wait_for=".row")
    assert lxml_html.fromstring(page.body.decode()).cssselect("#list")[0].text == "||2"


def test_two_pages_at_once_are_never_mixed(pool: BrowserPool, site: BrowserSite) -> None:
    numbers = range(30)
    futures = [pool.submit(PageJob(f"{site.url}/found?q={number}", wait_for=".row")) for number in numbers]
    assert [rows(future.result(60)) for future in futures] == [[f"found {number}"] for number in numbers]
    assert pool.counts["drivers_started"] == 2


def test_the_browser_says_who_it_is_and_leaves_pictures_alone(render: Any, site: BrowserSite) -> None:
    site.hits.clear()
    render("/static", user_agent="Other/1 (+https://example.com)")
    assert site.seen["/static"]["User-Agent"] == "Other/1 (+https://example.com)"
    render("/static", user_agent="Swathe/test")
    assert site.seen["/static"]["User-Agent"] == "Swathe/test"
    assert set(site.hits) == {"/static"}


def test_a_service_worker_does_not_take_over(render: Any) -> None:
    render("/worker")
    assert len(rows(render("/inline"))) == 13


def test_a_page_above_the_limit_of_size_is_refused(render: Any) -> None:
    with pytest.raises(DownloadCancelledError):
        render("/large", wait_for="", most_bytes=2**20)
    assert len(render("/large", wait_for="").body) > 3 * 2**20


def test_a_picture_is_taken_of_a_page_that_failed_and_of_no_other(render: Any, tmp_path: Path) -> None:
    paths = [tmp_path / "evidence" / f"{number}.png" for number in range(3)]
    render("/inline", screenshot=paths[0])
    assert not paths[0].exists()
    render("/inline", wait_for="#nothing", screenshot=paths[1])
    with pytest.raises(PageRefusedError):
        render("/inline", Click("#nothing"), screenshot=paths[2])
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in paths[1:])


@pytest.mark.parametrize(
    "script",
    [
        "let n = 0; const f = () => { if (++n === 5) add(1); else requestAnimationFrame(f) }; f()",
        "new IntersectionObserver(e => e[0].isIntersecting && add(1)).observe(document.querySelector('i'))",
        "new ResizeObserver(() => add(1)).observe(document.querySelector('i'))",
    ],
)
def test_what_depends_on_drawing_happens(render: Any, site: BrowserSite, script: str) -> None:
    site.pages["/drawn"] = in_page("<i>seen</i>", script)
    assert rows(render("/drawn"))[0] == "row 0"


def test_what_does_not_answer_raises_what_scrapy_asks_again_for(pool: BrowserPool) -> None:
    with BrowserSite() as gone:
        url = gone.url
    with pytest.raises(DownloadConnectionRefusedError):
        pool.submit(PageJob(url)).result(60)


def test_a_page_that_takes_too_long_is_a_timeout_and_the_next_one_is_fine(site: BrowserSite, tmp_path: Path) -> None:
    limits = {"PAGE_TIMEOUT_S": "2", "SCRIPT_TIMEOUT_S": "2", "TOTAL_TIMEOUT_S": "4", "DRIVERS": "1"}
    config = configured(**{f"SWATHE_RENDERING_{name}": value for name, value in limits.items()})
    with BrowserPool(config.rendering, tmp_path) as pool:
        with pytest.raises(DownloadTimeoutError, match=r"page_timeout_s of 2 s was exceeded"):
            pool.submit(PageJob(f"{site.url}/hang-page")).result(60)
        with pytest.raises(DownloadTimeoutError, match=r"total_timeout_s of 4 s was exceeded"):
            pool.submit(PageJob(f"{site.url}/busy")).result(60)
        assert len(rows(pool.submit(PageJob(f"{site.url}/inline", wait_for=".row")).result(60))) == 13
        assert pool.counts == {"failures": 2, "pages": 1, "drivers_started": 3, "drivers_replaced": 2}
