"""Lists of lists: an index that has pages itself, and trees of categories with lists and records on their pages."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest
from odd_site import Answer, Asked, OddSite, crawled, names, rows, started
from support import last_run, until

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pymongo.database import Database
    from support import Swathe

    Mongo = Database[dict[str, Any]]
    Site = Callable[[Asked], Answer | str]


def cats(*paths: str) -> str:
    return "".join(f'<p><a class=cat href="{path}">{path}</a></p>' for path in paths)


TREE = {
    "/": cats("/a", "/b", "/c"),
    "/a": cats("/a/x", "/a/y", "/"),
    "/a/x": rows(names(1, 2), more='<a class=next href="/a/x/2">Next</a>'),
    "/a/x/2": rows(names(3, 4), more=cats("/a")),
    "/a/y": rows(names(5, 6), more=cats("/a/y/z")),
    "/a/y/z": rows(names(7, 8), more=cats("/b")),
    "/b": rows(names(9, 10)),
    "/c": rows(names(11, 12), more=cats("/a", "/c/w")),
    "/c/w": rows(names(13, 13)),
}
"""Branches, leaves, and pages that are both, which lead back to others; four levels with the start page."""

INDEX = {
    "/": "<p class=total>5 lists</p>" + cats("/k1", "/k2") + '<a class=more href="/?p=2">More</a>',
    "/?p=2": cats("/k3", "/k4") + '<a class=more href="/?p=3">More</a>',
    "/?p=3": cats("/k5"),
    **{f"/k{number}": rows(names(number, number)) for number in range(1, 6)},
}


PASSWORD = "<html><body><form action=/login><input type=password name=p></form></body></html>"


def of(pages: Mapping[str, Answer | str]) -> Site:
    def answer(asked: Asked) -> Answer | str:
        return pages.get(asked.target, Answer(status=404))

    return answer


def sidebar(asked: Asked) -> Answer | str:
    """Answer with a list of all things that has pages, beside the categories, which are one page."""
    number = int(asked.query.get("p", 1)) if asked.path == "/" else 0
    if asked.path != "/":
        return rows(names(1, 2) if asked.path == "/k1" else names(3, 4))
    more = f'<a class=next href="/?p={number + 1}">Next</a>' if number < 2 else ""
    return rows(names(2 * number - 1, 2 * number), more=cats("/k1", "/k2") + more)


@pytest.mark.parametrize(
    ("spider", "pages", "found", "verdict", "reason"),
    [
        ("tree", TREE, names(1, 13), "complete", ""),
        ("nested", {**TREE, "/a/y": rows(names(5, 6))}, [*names(1, 6), *names(9, 13)], "complete", ""),
        (
            "tree", {**TREE, "/a/y/z": cats("/deeper"), "/deeper": rows(names(14, 14))},
            [*names(1, 6), *names(9, 13)], "incomplete",
            "page 1 (/a/y/z) leads to lists that are not read: /deeper is 4 levels down, and `levels` is 3",
        ),
        ("tree", {**TREE, "/c/w": "<p>Nothing here"}, names(1, 12), "unknown", "/c/w shows no entry on its first page"),
        ("tree", {**TREE, "/a": Answer(status=500)}, names(9, 13), "incomplete", "the list /a broke off"),
        ("indexed", INDEX, names(1, 5), "complete", ""),
        ("indexed", {**INDEX, "/?p=2": cats("/k3", "/k4")}, names(1, 5), "complete", ""),
        ("indexed", {**INDEX, "/?p=3": Answer(status=404)}, names(1, 4), "incomplete", "states 5 lists and shows 4"),
        (
            "indexed", {**INDEX, "/?p=2": Answer(status=500)},
            [*names(1, 2), *names(5, 5)], "incomplete", "states 5 lists and shows 3",
        ),
        (
            "undeclared",
            {**INDEX, "/": INDEX["/"].replace("=more", "=next"), "/?p=2": PASSWORD, "/?p=3": Answer(status=404)},
            names(1, 2), "unknown", "page 2 (/?p=2) shows no entry and",
        ),
        ("undeclared", sidebar, names(1, 4), "complete", ""),
        (
            "undeclared", {key: str(page).replace("class=more", "rel=next") for key, page in INDEX.items()},
            names(1, 5), "complete", "",
        ),
        (
            "undeclared", {**INDEX, "/": cats("/k1") + "<button onclick='more()'>Load more</button>"},
            names(1, 1), "unknown", "the list / is one page (one page), but",
        ),
    ],
)  # fmt: skip
def test_lists_of_lists_are_whole_or_say_why_not(
    swathe: Swathe, database: Mongo, spider: str, pages: Any, found: list[str], verdict: str, reason: str
) -> None:
    with OddSite(pages if callable(pages) else of(pages)) as site:
        told = crawled(swathe, database, spider, site.url, 0 if verdict == "complete" else 3)
    assert told[:2] == (found, verdict), told
    assert (reason in "; ".join(told[2])) if reason else not told[2], told[2]
    if spider == "tree" and verdict == "complete":
        notes = last_run(database)["notes"]
        assert any("lists lead back to one that led there, the first from /a to /:" in note for note in notes), notes
        assert max(site.paths.count(path) for path in site.paths) == 1, "a circle of categories ends"


def test_a_tree_that_is_gone_on_with_after_a_kill_has_the_same_account(swathe: Swathe, database: Mongo) -> None:
    go_on = threading.Event()

    def answer(asked: Asked) -> Answer | str:
        if asked.path in ("/a/x/2", "/a/y/z"):
            go_on.wait(60)
        return of({**TREE, "/c/w": Answer(status=500)})(asked)

    with OddSite(answer) as site:
        crawl = started(swathe, "tree", site.url)
        done = {"state": "done", "url": {"$in": [f"{site.url}a", f"{site.url}a/y"]}}
        until(
            lambda: {"/a/x/2", "/a/y/z"} <= {*site.paths} and database.frontier.count_documents(done) == 2
            and database.quotes.count_documents({}) >= 8, "pages", 60,
        )  # fmt: skip
        crawl.kill()
        crawl.communicate()
        go_on.set()
        found, verdict, reasons = crawled(swathe, database, "tree", site.url, 3)
    run = last_run(database)
    assert (run["resumed"], verdict, found) == (1, "incomplete", names(1, 12))
    assert reasons[1:] == ["the list /c/w broke off at page 1 (/c/w), which answered 500 (tried 2 times)"]
    lists = {seen["start"].removeprefix(site.url): (seen["pages"], seen["entries"]) for seen in run["lists"]}
    assert lists == {
        "": (1, 3), "a": (1, 3), "a/x": (2, 4), "a/y": (1, 2), "a/y/z": (1, 2), "b": (1, 2), "c": (1, 2), "c/w": (0, 0)
    }  # fmt: skip
    assert site.paths.count("/a") == site.paths.count("/a/y") == 1, "what was read is not read again"
