"""Quality: a run that is unlike the last complete ones says what, and why; natural variation does not."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.request import urlopen

import pytest
from bson import ObjectId
from practice import Fault, PracticeServer
from quality_histories import KINDS, Site
from scrapy.statscollectors import MemoryStatsCollector
from scrapy.utils.test import get_crawler
from support import ROOT
from test_paging import crawl, last_run

from models.quality import Quality, RecordsQuality, SelectorUse
from models.quotes import Author, Quote
from models.record import Found, _gather, schema_of
from models.system import Run, RunCounts
from scraper.runs.quality.deviations import RULES, deviations
from scraper.runs.quality.figures import Metric, Sample, sample_of
from scraper.runs.quality.measures import Measures
from scraper.runs.quality.wording import sentence
from scraper.storage.records.gone import records_of
from scraper.storage.records.plan import Outcome

if TYPE_CHECKING:
    from pymongo.database import Database
    from support import Swathe

    Mongo = Database[dict[str, Any]]

HELD_OUT = range(12_000, 12_030)
"""Seeds that the floors and spreads were not chosen with; those were 1,000 to 8,029."""

WHEN = datetime(2026, 11, 2, 6, tzinfo=UTC)
DAY = timedelta(days=1)

IN_THE_MANUAL = {
    "count": "records of a collection",
    "segment": "`segment` field",
    "list": "entries of one list",
    "filled": "with a value, of each field",
    "same": "commonest one",
    "age": "age of the newest",
    "refused": "records refused",
    "new": "records new, changed",
    "changed": "records new, changed",
    "unseen": "not seen",
    "pages": "| pages |",
    "bytes": "| bytes |",
    "duration": "| duration |",
    "browser": "in the browser",
}
"""What the manual calls a kind of figure."""


def replay(site: Site) -> list[tuple[str, str, list[Metric]]]:
    """Return each run's fault and field, and what was found unlike the runs before it."""
    earlier: list[Sample] = []
    told = []
    for run, fault, field in site.runs():
        now = sample_of(run)
        found = deviations(earlier, now)
        told.append((fault, field, [deviation.metric for deviation in found]))
        earlier.insert(0, replace(now, is_complete=not found))
    return told


def test_thirty_histories_are_judged_right(capsys: pytest.CaptureFixture[str]) -> None:
    told = [run for seed in HELD_OUT for run in replay(Site.drawn(seed))]
    faults, caught = Counter[str](), Counter[str]()
    for fault, field, metrics in told:
        if fault:
            faults[fault] += 1
            caught[fault] += any(
                metric.kind == KINDS[fault] and (metric.kind != "filled" or metric.field == field) for metric in metrics
            )
    false_alarms = sum(bool(metrics) for fault, _, metrics in told if not fault)
    with capsys.disabled():
        each = ", ".join(f"{name} {caught[name]}/{faults[name]}" for name in sorted(faults))
        share = caught.total() / faults.total()
        print(f"\n{len(told)} runs: {caught.total()} of {faults.total()} faults caught ({share:.1%}): {each}")
        print(f"{false_alarms} false alarms in {len(told) - faults.total()} healthy runs")
    assert share >= 0.95
    assert false_alarms <= 1
    assert set(faults) == set(KINDS)


def run(number: int, found: int = 400, prices: int = 400, **figures: Any) -> Run:
    """Return a run of a shop whose every book has a price."""
    filled = {"title": found, "price": prices}
    selectors = [
        SelectorUse(selector="h1::text", asked=found, missed=0),
        SelectorUse(selector=".price_color::text", asked=found, missed=found - prices),
        SelectorUse(selector="li.next a", asked=20, missed=20),
    ]
    books: dict[str, Any] = {"found": found, "changed": 10, "filled": filled, **figures}
    return Run(
        spider="books",
        started_at=WHEN + number * DAY,
        verdict="complete",
        records={"books": found},
        counts=RunCounts(pages=420),
        quality=Quality(records=[RecordsQuality(collection="books", **books)], selectors=selectors),
    )


def lines(earlier: list[Run], now: Run) -> list[str]:
    samples, sample = [sample_of(one) for one in reversed(earlier)], sample_of(now)
    return [sentence(deviation, samples, sample) for deviation in deviations(samples, sample)]


def test_a_field_that_vanishes_is_named_with_its_selector() -> None:
    good = [run(number, prices=400 - number % 3) for number in range(6)]
    assert lines(good, run(6, prices=32)) == [
        "`price` is empty in 92 % of 400 books, usually in 0 to 1 %; "
        "selector '.price_color::text' matched 32 times of 400, usually 100 %"
    ]


def test_of_two_selectors_that_failed_the_one_with_the_field_s_name_is_named() -> None:
    def with_availability(one: Run) -> Run:
        missed = one.quality.selectors[1].missed
        one.quality.selectors.insert(0, SelectorUse(selector=".availability::text", asked=400, missed=missed))
        return one

    good = [with_availability(run(number)) for number in range(6)]
    (line,) = lines(good, with_availability(run(6, prices=0)))
    assert "selector '.price_color::text' matched 0 times of 400" in line


def test_half_of_a_growing_shop_is_missed_although_the_shop_was_smaller_before() -> None:
    shop = [run(number, size, size) for number in range(30) for size in [round(1000 * 1.025**number)]]
    assert lines(shop[:29], shop[29]) == []
    half = shop[29].records["books"] // 2
    assert lines(shop[:29], run(29, half, half))[0].startswith(f"{half} books were found, the last complete runs found")


def test_what_was_refused_or_changed_names_the_field() -> None:
    good = [run(number) for number in range(6)]
    assert lines(good, run(6, refused=200, faults={"title": 3, "price": 198})) == [
        "50 % of 400 books were refused, usually 0 %, most because of `price` (198)"
    ]
    assert lines(good, run(6, changed=400, changes={"currency": 399, "title": 1})) == [
        "100 % of 400 books changed, usually 2 %, most in `currency` (399)"
    ]


def test_only_the_number_of_records_is_judged_before_there_are_four_complete_runs() -> None:
    assert lines([run(0)], run(1, prices=0)) == []
    assert lines([run(number) for number in range(3)], run(3, prices=0)) == []
    assert len(lines([run(number) for number in range(4)], run(4, prices=0))) == 1
    assert lines([run(0)], run(1, 200, 200)) == ["200 books were found, the last complete runs found 400"]
    assert lines([], run(0)) == []


def test_a_new_level_is_taken_for_normal_from_the_third_run_on_and_the_old_one_is_then_a_deviation() -> None:
    earlier = [run(number) for number in range(8)]
    told = []
    for number in range(8, 14):
        now = run(number, prices=0)
        told.append(len(lines(earlier, now)))
        now.verdict = "unknown" if told[-1] else "complete"
        earlier.append(now)
    assert told == [1, 1, 0, 0, 0, 0]
    assert lines(earlier, run(14)) == [], "a field that is back is no fault"
    shop = [run(number) for number in range(8)] + [run(number, 900, 900) for number in range(8, 11)]
    assert lines(shop, run(11)) == ["400 books were found, the last complete runs found 900, 900, 900"]


def test_a_run_of_an_older_swathe_without_figures_is_no_obstacle() -> None:
    old = [Run(spider="books", started_at=WHEN, verdict="complete", records={"books": 400}) for _ in range(6)]
    assert lines(old, run(6, prices=0)) == []
    assert lines(old, run(6, 100, 100)) == [
        "100 books were found, the last complete runs found 400, 400, 400, 400, 400"
    ]


def test_false_and_0_fill_a_field_and_nothing_does_not(database: Mongo) -> None:
    measures = Measures()
    founds = [
        Found(Quote, "http://127.0.0.1/", {}, {"text": text, "tags": tags, "author": author})
        for text, tags, author in [("", [], None), (0, ["a"], False)]
    ]
    founds[0].faults["author"] = "nothing was found"
    measures.add(founds, [Outcome.REFUSED, Outcome.NEW])
    quality = measures.quality(database, ObjectId(), {}, MemoryStatsCollector(get_crawler()), {})
    (records,) = quality.records
    assert records.filled == {"text": 1, "author": 1, "tags": 1, "goodreads_url": 0}
    assert (records.found, records.new, records.refused, records.faults) == (2, 1, 1, {"author": 1})


def of_code(code: str, one: Run) -> Run:
    one.code = code
    return one


def test_a_repaired_spider_is_not_suspect_for_finding_more_and_is_held_against_itself_from_then_on() -> None:
    broken = [of_code("a", run(number, 40, 0)) for number in range(6)]
    repaired = {"found": 400, "prices": 400, "new": 360, "changed": 40}
    assert lines(broken, of_code("a", run(6, **repaired))), "with the same code it is suspect"
    assert lines(broken, of_code("b", run(6, **repaired))) == []
    history = [*broken, of_code("b", run(6, **repaired))]
    assert lines(history, of_code("b", run(7))) == []
    assert lines(history, of_code("b", run(7, 200, 200))) == ["200 books were found, the last complete runs found 400"]
    (line,) = lines(history, of_code("b", run(7, prices=0)))
    assert line.startswith("`price` is empty in 100 % of 400 books, usually in 0 %")
    assert lines(history, of_code("c", run(7, 40, 40))) == ["40 books were found, the last complete runs found 400"]


@pytest.mark.parametrize(
    ("worse", "line"),
    [
        ({"found": 200, "prices": 200}, "200 books were found"),
        ({"prices": 0}, "`price` is empty"),
        ({"refused": 200}, "50 % of 400 books were refused"),
        ({"unseen": 400}, "50 % of the 800 books known were not seen"),
    ],
)
def test_other_code_is_suspect_for_what_is_missing_or_broken(worse: dict[str, Any], line: str) -> None:
    good = [of_code("a", run(number)) for number in range(6)]
    (told,) = lines(good, of_code("b", run(6, **worse)))
    assert told.startswith(line)


def test_other_code_on_the_same_level_is_held_against_all_runs() -> None:
    sizes = [400, 340, 400, 350, 400, 345]
    noisy = [of_code("a", run(number, size, size)) for number, size in enumerate(sizes)]
    assert lines([*noisy, of_code("b", run(6))], of_code("b", run(7, 342, 342))) == []


def test_a_run_whose_code_is_not_known_is_no_new_baseline() -> None:
    assert lines([run(number, 40, 40) for number in range(6)], of_code("b", run(6)))[0].startswith("400 books were")


def test_an_accepted_run_is_what_is_usual_from_then_on() -> None:
    history = [run(number) for number in range(6)] + [run(6, 200, prices=0)]
    history[-1].verdict = "unknown"
    assert len(lines(history, run(7, 200, prices=0))) == 2
    history[-1].verdict, history[-1].accepted_at = "complete", WHEN
    assert lines(history, run(7, 200, prices=0)) == []
    assert lines(history, run(7, 100, prices=0)) == ["100 books were found, the last complete runs found 200"]


PAGES = ["/lists/rel-next/", *(f"/lists/rel-next/?page={number}" for number in range(2, 8))]


def test_a_changed_layout_makes_the_run_suspect_and_marks_nothing_gone(swathe: Swathe, database: Mongo) -> None:
    with PracticeServer() as server:
        start = server.url.rstrip("/") + PAGES[0]
        pages = {path: urlopen(server.url.rstrip("/") + path).read().decode() for path in PAGES}
        for _ in range(4):
            crawl(swathe, "found-alone", start)
        # A saying that reads otherwise is another record, and the one before it is gone.
        saying = database.quotes.find_one({"text": {"$regex": "^[A-Za-z .,]+$"}}) or {}
        pages = {path: page.replace(saying["text"], f"Verily, {saying['text']}") for path, page in pages.items()}
        for path, page in pages.items():
            assert 'class="tag"' in page
            server.faults[path] = Fault(body=page.replace('class="tag"', 'class="label"'))
        server.faults["/lists/rel-next/?page=8"] = Fault(status=404)
        result = crawl(swathe, "found-alone", start, code=3)
        suspect = last_run(database)
        assert database.quotes.count_documents({"gone_at": {"$ne": None}}) == 0
        crawl(swathe, "found-alone", start, code=3, environ={"SWATHE_QUALITY_HOLD_GONE": "false"})
        assert database.quotes.count_documents({"gone_at": {"$ne": None}}) == 1
    (line,) = suspect["deviations"]
    assert line.startswith(
        "`tags` is empty in 100 % of 61 quotes, usually in 2 %; selector '.tag::text' matched 0 times"
    )
    assert (suspect["verdict"], suspect["suspect"], suspect["reasons"]) == ("unknown", True, [line])
    assert "found-alone: unknown, suspect: 8 pages" in result.err
    assert line in result.err
    assert line in swathe("runs", "show", str(suspect["_id"])).out
    assert "unknown, suspect" in swathe("runs", "list").out
    # By hand it is what is usual.
    assert "is what is usual for found-alone" in swathe("runs", "accept", str(suspect["_id"])).out
    accepted = database.runs.find_one({"_id": suspect["_id"]}) or {}
    assert (accepted["verdict"], accepted["suspect"], accepted["reasons"]) == ("complete", False, [])
    assert f"accepted by hand: {line}" in accepted["notes"]
    assert "suspect" not in swathe("runs", "list").out.splitlines()[2]
    database.runs.update_one({"_id": suspect["_id"]}, {"$set": {"reasons": ["1 page could not be read"]}})
    refused = swathe("runs", "accept", str(suspect["_id"]), code=2).err
    assert "is complete: 1 page could not be read, expected a crawl that is complete" in refused


def sorted_by(segments: dict[str, int], commonest: int = 40) -> Any:
    return {
        "segments": [{"value": value, "count": count} for value, count in segments.items()],
        "filled_once": {"price": 400},
        "commonest": {"price": commonest},
    }


@pytest.mark.parametrize(
    ("usual", "now", "line"),
    [
        ([20] * 8, {}, "0 books of 'Art.1' were found, usually 20"),
        ([5] * 8, {}, "0 books of 'Art.1' were found, usually 5"),
        ([20, 21, 19, 22] * 2, {"Art.1": 6}, "6 books of 'Art.1' were found, usually 19 to 22"),
        ([20] * 6, {"Art.1": 17}, ""),
        ([2, 3] * 4, {}, ""),
        ([5, 8, 3, 9, 4, 6, 7, 5], {}, ""),
        ([20] * 3, {}, ""),
    ],
)
def test_a_segment_that_vanishes_is_a_lack_and_its_noise_is_none(
    usual: list[int], now: dict[str, int], line: str
) -> None:
    earlier = [run(number, **sorted_by({"Art.1": count, "Rest": 380})) for number, count in enumerate(usual)]
    latest = run(len(usual), **sorted_by({"Rest": 380, **now}))
    assert lines(earlier, latest) == ([line] if line else [])
    found = deviations([sample_of(one) for one in reversed(earlier)], sample_of(latest))
    assert all(deviation.is_lack for deviation in found)
    assert lines(earlier, run(len(usual))) == [], "a document that names no segment any more is not judged by them"


def with_lists(one: Run, **counts: int) -> Run:
    assert one.quality is not None
    one.quality.lists = [{"value": f"http://h:80/{name}/", "count": count} for name, count in counts.items()]
    return one


def test_a_list_that_has_vanished_is_a_lack_where_the_run_read_others() -> None:
    earlier = [with_lists(run(number), crime=20 + number % 2, rest=380) for number in range(8)]
    assert lines(earlier, with_lists(run(8), rest=380)) == [
        "0 entries of the list /crime/ were found, usually 20 to 21"
    ]
    assert lines(earlier, with_lists(run(8), crime=15, rest=380)) == []
    assert lines(earlier, run(8)) == []
    (found,) = deviations([sample_of(one) for one in earlier], sample_of(with_lists(run(8), crime=3, rest=380)))
    assert (found.metric, found.is_lack) == (("list", "", "http://h:80/crime/"), True)


def aged(number: int, days: float) -> Run:
    return run(number, newest={"published": WHEN + number * DAY - days * DAY})


@pytest.mark.parametrize(
    ("ages", "now", "line"),
    [
        ([0.2] * 8, 3.2, "the newest `published` of books is 3.2 days old, usually 0.2"),
        ([0.2] * 8, 1.2, ""),
        ([0, 1, 2, 3, 4, 5, 6, 0], 7, ""),
        ([0, 1, 2, 3, 4, 5, 6, 0], 30, "the newest `published` of books is 30 days old, usually 0 to 6"),
        ([9_000] * 6, 9_001, ""),
        ([-20] * 6, -19, ""),
        ([0.2] * 4 + [3.2, 4.2], 5.2, ""),
        ([0.2] * 3, 30, ""),
    ],
)
def test_a_newest_time_that_no_longer_moves_is_named(ages: list[float], now: float, line: str) -> None:
    earlier = [aged(number, age) for number, age in enumerate(ages)]
    assert lines(earlier, aged(len(ages), now)) == ([line] if line else [])


def test_the_newest_times_of_what_a_run_stored_are_kept_with_it(database: Mongo) -> None:
    this, days = ObjectId(), [datetime(1950, 1, day, tzinfo=UTC) for day in (3, 9, 5)]
    database.authors.insert_many({"name": str(day), "born_date": day, "run": this} for day in days)
    database.authors.insert_one({"name": "of another run", "born_date": WHEN, "run": ObjectId()})
    lists, stored = {"a": 3, "b": 1}, {Author: records_of(database, Author, this)}
    quality = Measures().quality(database, this, stored, MemoryStatsCollector(get_crawler()), lists)
    database.runs.insert_one({"quality": quality.to_mongo()})
    kept = Quality._from_son(database.runs.find_one()["quality"])  # type: ignore[index]
    assert [one.newest for one in kept.records] == [{"born_date": days[1]}]
    figures = sample_of(Run(spider="quotes", started_at=WHEN, quality=kept, counts=RunCounts())).figures
    assert figures["age", "authors", "born_date"].value == (WHEN - days[1]).days + 0.25
    assert (figures["list", "", "a"].value, figures["list", "", "b"].value) == (3, 1)


@pytest.mark.parametrize(
    ("usual", "now", "line"),
    [
        (40, 400, ["`price` is the same in 100 % of 400 books, usually in 10 %"]),
        (40, 90, []),
        (390, 400, []),
        (400, 400, []),
    ],
)
def test_a_field_that_has_become_one_value_is_named(usual: int, now: int, line: list[str]) -> None:
    earlier = [run(number, **sorted_by({}, min(400, usual + number % 2))) for number in range(6)]
    assert lines(earlier, run(6, **sorted_by({}, now))) == line


def test_what_a_run_stored_is_counted_by_segment_and_commonest_value(
    database: Mongo, monkeypatch: pytest.MonkeyPatch
) -> None:
    this, other = ObjectId(), ObjectId()
    database.quotes.insert_many(
        {"text": str(number), "author": "A. B" if number < 7 else "C", "run": this if number < 9 else other}
        for number in range(12)
    )
    monkeypatch.setitem(Quote._meta, "segment", "author")
    _gather.cache_clear()
    stored = {Quote: records_of(database, Quote, this)}
    (records,) = Measures().quality(database, this, stored, MemoryStatsCollector(get_crawler()), {}).records
    assert records.segments == [{"value": "A. B", "count": 7}, {"value": "C", "count": 2}]
    assert (records.commonest, records.filled_once) == ({"text": 1, "author": 7}, {"text": 9, "author": 9})
    monkeypatch.setitem(Quote._meta, "segment", "nothing")
    _gather.cache_clear()
    with pytest.raises(TypeError, match="Quote has `segment` 'nothing' in its meta: expected one of text, author"):
        schema_of(Quote)
    monkeypatch.undo()
    _gather.cache_clear()


def test_the_manual_has_a_row_for_each_rule_with_its_floor() -> None:
    manual = (ROOT / "docs/reference/runs.md").read_text()
    table = manual.split("| figure | deviates", 1)[1].split("\n\n", 1)[0]
    for kind, words in IN_THE_MANUAL.items():
        rule = RULES[kind]
        (row,) = [line for line in table.splitlines() if words in line]
        for floor in (rule.rise, rule.fall) if rule.is_share else ():
            assert floor is None or f"{round(100 * floor)}" in row, row
        assert ("falls" in row) == (rule.fall is not None), row
        assert rule.runs == (1 if kind == "count" else 4), "what the manual says of all but the first"
    assert IN_THE_MANUAL.keys() == RULES.keys()
    unknown = [row for row in table.splitlines()[2:] if not any(words in row for words in IN_THE_MANUAL.values())]
    assert unknown == [], "rows without a rule"
