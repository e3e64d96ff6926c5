"""A broken file is left out alone, and named with file, line and cause wherever one looks."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest
from support import until

from scraper.probe.new_project import NewProject

if TYPE_CHECKING:
    from pathlib import Path

    from pymongo.database import Database
    from support import Swathe

    Mongo = Database[dict[str, Any]]

pytestmark = pytest.mark.timeout(600)
"""A dozen commands, each of which imports everything anew: too much for one test's usual time on a busy machine."""

SPIDER = """from scraper import SiteSpider
from shop.models.products import Product


class Spider(SiteSpider):
    name = "{0}"
    start_url = "https://{0}.example/"
    records = (Product,)
"""
BROKEN = {
    "spiders/syntax.py": ("def f(:\n", "shop/spiders/syntax.py line 1: SyntaxError: invalid syntax"),
    "spiders/exits.py": ("x = 1\nraise SystemExit(3)\n", "shop/spiders/exits.py line 2: SystemExit: 3"),
    "spiders/deep/__init__.py": ("", ""),
    "spiders/deep/lacks.py": (
        "import nowhere\n",
        "shop/spiders/deep/lacks.py line 1: ModuleNotFoundError: No module named 'nowhere'",
    ),
    "spiders/uses.py": ("import shop.models.named\n", ""),
    "models/named.py": (
        "from scraper import Record, StringField\nclass Named(Record):\n    a = StringField(clean=cleaners.x)\n",
        "shop/models/named.py line 3: NameError: name 'cleaners' is not defined",
    ),
    "models/halfway.py": (
        "from scraper import Record, StringField\nclass Half(Record):\n    a = StringField(key=True)\n1 / 0\n",
        "shop/models/halfway.py line 4: ZeroDivisionError: division by zero",
    ),
    "models/keyless.py": (
        "from scraper import Record, StringField\n\n\nclass Keyless(Record):\n    a = StringField()\n",
        "shop/models/keyless.py line 4: TypeError: Keyless names no key: give `key=True`",
    ),
    "models/taken.py": (
        "from scraper import Record, StringField\nclass Runs(Record):\n    meta = {'collection': 'runs'}\n"
        "    a = StringField(key=True, required=True)\n",
        "shop/models/taken.py line 2: TypeError: Runs has the collection 'runs', which is of Swathe's Run",
    ),
}  # fmt: skip
QUERIES = "[queries]\ngood = products 'price<20' --count\nbad = products pirce<3\n"
BAD_QUERY = "config.local.ini [queries] bad line 3: the saved query 'bad' (products pirce<3) cannot be asked: 'pirce'"


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with the example, and a second spider of its records."""
    monkeypatch.chdir(tmp_path)
    NewProject.checked("shop").write()
    (tmp_path / "shop" / "shop" / "spiders" / "second.py").write_text(SPIDER.format("second"))
    return tmp_path / "shop"


def test_each_broken_file_is_left_out_alone_and_named_where_one_looks(swathe: Swathe, shop: Path) -> None:
    for name, (text, _) in BROKEN.items():
        file = shop / "shop" / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
    (shop / "config.local.ini").write_text(QUERIES)
    expected = [line for _, line in BROKEN.values() if line] + [BAD_QUERY]

    shown = swathe("spiders", cwd=shop)
    assert [row.split()[0] for row in shown.out.splitlines() if ".example/" in row] == ["example", "second"]
    for said in (shown.err, swathe("runs", cwd=shop).err):
        lines = said.splitlines()
        assert len(lines) == len(expected), said
        assert all(any(line.startswith(f"left out: {part}") for line in lines) for part in expected), said
    doctor = swathe("doctor", cwd=shop, code=1).out
    assert all(f"FAULT file           {part}" in doctor for part in expected), doctor

    assert "complete" in swathe("crawl", "example", cwd=shop, SWATHE_CRAWL_DELAY_S="0").err
    assert swathe("query", "--saved", "good", cwd=shop).out.strip() == "3"
    line = swathe.run([sys.executable, "-m", "scrapy", "crawl", "syntax"], cwd=shop, code=2).err.splitlines()[-1]
    assert "there is no spider 'syntax': expected one of: example, second (left out: " in line
    assert BROKEN["spiders/syntax.py"][1] in line
    line = swathe("query", "named", cwd=shop, code=2).error_line
    assert "there are no records 'named'" in line
    assert BROKEN["models/named.py"][1] in line

    for name in BROKEN:
        (shop / "shop" / name).unlink()
    (shop / "config.local.ini").unlink()
    assert swathe("runs", cwd=shop).err == ""


def test_settings_that_cannot_be_imported_are_one_line(swathe: Swathe, shop: Path) -> None:
    with (shop / "shop" / "settings.py").open("a") as file:
        file.write("EXTENSIONS = {**EXTENSOINS}\n")
    line = swathe("crawl", "example", cwd=shop, code=2).error_line
    assert "the project's settings cannot be imported: shop/settings.py line 8: NameError: name 'EXTENSOINS'" in line
    assert "products" in swathe("query", "products", cwd=shop).out


def test_a_running_scheduler_goes_on_and_tells_each_broken_file_once(
    swathe: Swathe, shop: Path, database: Mongo
) -> None:
    spiders = shop / "shop" / "spiders"
    (spiders / "late.py").write_text("def f(:\n")
    (shop / "config.local.ini").write_text("[schedule]\nexample = 0 6 * * *\nlate = 0 7 * * *\n")
    swathe.extra = {"SWATHE_ALERTS_TARGETS": "json://127.0.0.1:9/", "SWATHE_SCHEDULER_POLL_S": "0.1"}
    scheduler = swathe.start("schedule", "run", cwd=shop)
    try:

        def incidents() -> list[tuple[Any, ...]]:
            return [
                (one["spider"], one["open"], one["times"]) for one in database.incidents.find(sort=[("opened_at", 1)])
            ]

        late, second = "shop/spiders/late.py", "shop/spiders/second.py"
        until(lambda: incidents() == [(late, True, 1)], "the broken file is told")
        assert [state["_id"] for state in database.schedules.find()] == ["example"]
        (spiders / "late.py").write_text(SPIDER.format("late"))
        until(lambda: incidents() == [(late, False, 1)], "it is mended")
        until(lambda: database.schedules.count_documents({}) == 2, "its schedule is carried out again")
        (spiders / "second.py").write_text("import nowhere\n")
        until(lambda: incidents() == [(late, False, 1), (second, True, 1)], "the second one is told")
        assert "complete" in swathe("schedule", "trigger", "example", cwd=shop, SWATHE_CRAWL_DELAY_S="0").out
        for file in ("late.py", "second.py"):  # the schedule of the first one stays
            (spiders / file).unlink()
        until(lambda: not database.incidents.count_documents({"open": True}), "the second one is over")
        assert scheduler.poll() is None
    finally:
        scheduler.terminate()
        log = scheduler.communicate(timeout=60)[1]
    assert scheduler.returncode == 0, log
    assert "[schedule] late is left out: its spider 'late' could not be loaded" in log
    assert "left out: [schedule] late: there is no spider 'late'" in log
    assert f"left out: {second} line 1: ModuleNotFoundError" in log
    assert database.incidents.find_one({"spider": second})["why"].startswith(f"{second} line 1: ModuleNotFoundError")
