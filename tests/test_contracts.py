"""Names that several modules must agree on stand in one place, and nothing uses another."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from support import ROOT

import scraper
from models.system import RunCounts
from scraper import paging
from scraper.browser import actions
from scraper.core import meta, statistics
from scraper.core.alert_kinds import ALERT_KINDS
from scraper.core.tiers import TIERS
from scraper.query.export.export import FORMATS
from scraper.schedule.alerts.watcher import KIND_OF_RESULT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PRODUCT = ("scraper", "pipelines", "spiders", "models")

WITH_TIERS_OF_THEIR_OWN = ("scraper/probe/", "scraper/paging/chain.py")
"""What writes tiers out still: `probe` has `none` among them, and a list begins with `html`."""


def texts_of(file: Path) -> Iterator[str]:
    """Yield the texts that a module's code holds, without its docstrings."""
    tree = ast.parse(file.read_text())
    documentation = {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in documentation:
            yield node.value


def product_files() -> Iterator[Path]:
    for package in PRODUCT:
        yield from (ROOT / package).rglob("*.py")


def test_statistics_are_named_in_one_module() -> None:
    elsewhere = {
        f"{file.relative_to(ROOT)}: {text}"
        for file in product_files()
        if file != ROOT / "scraper" / "core" / "statistics.py"
        for text in texts_of(file)
        if re.search(r"\bswathe/[a-z]", text)
    }
    assert not elsewhere


def keys_of_meta(file: Path) -> Iterator[str]:
    """Yield the texts that a module uses as keys of a request's meta."""
    for node in ast.walk(ast.parse(file.read_text())):
        keys: list[ast.expr | None] = []
        if isinstance(node, ast.Subscript) and ast.unparse(node.value).endswith(".meta"):
            keys = [node.slice]
        elif isinstance(node, ast.Call) and re.search(r"\.meta\.(get|pop|setdefault)$", ast.unparse(node.func)):
            keys = list(node.args[:1])
        elif isinstance(node, ast.Compare) and ast.unparse(node.comparators[0]).endswith(".meta"):
            keys = [node.left]
        elif isinstance(node, ast.keyword) and node.arg == "meta" and isinstance(node.value, ast.Dict):
            keys = list(node.value.keys)
        yield from (key.value for key in keys if isinstance(key, ast.Constant))


def test_keys_of_a_requests_meta_are_named_in_one_module() -> None:
    elsewhere = {f"{file.relative_to(ROOT)}: {key}" for file in product_files() for key in keys_of_meta(file)}
    assert not elsewhere


def test_keys_of_meta_keep_the_names_that_stored_requests_have() -> None:
    """A crawl that an earlier version began goes on: see CHANGELOG before one of these is renamed."""
    stored = {"swathe_list", "may_fail", "no_browser", "render_cause", "throttled_times", "not_before", "dead_retries"}
    assert stored <= {value for value in vars(meta).values() if isinstance(value, str)}


def tiers_named_in(file: Path) -> Iterator[str]:
    """Yield where a module writes a tier's name out: compared, assigned, handed on, returned or listed as one."""
    for node in ast.walk(ast.parse(file.read_text())):
        parts: list[ast.expr | None] = []
        if isinstance(node, ast.Compare) and re.search(r"\b_?tiers?\b|\bflags\b", ast.unparse(node)):
            parts = [node.left, *node.comparators]
        elif (isinstance(node, ast.AnnAssign) and re.search(r"\bTier\b", ast.unparse(node.annotation))) or (
            isinstance(node, ast.keyword) and node.arg in ("tier", "flags")
        ):
            parts = [node.value]
        elif isinstance(node, ast.Call) and re.search(r"(^|\.)(attempt|learn|Decision)$", ast.unparse(node.func)):
            parts = list(node.args)
        elif isinstance(node, ast.FunctionDef) and node.returns and re.search(r"\bTier\b", ast.unparse(node.returns)):
            parts = [found.value for found in ast.walk(node) if isinstance(found, ast.Return)]
        elif isinstance(node, ast.Dict | ast.Tuple | ast.List | ast.Set):
            listed = node.keys if isinstance(node, ast.Dict) else node.elts
            parts = (
                listed if len({one.value for one in listed if isinstance(one, ast.Constant)} & set(TIERS)) > 1 else []
            )
        for part in parts:
            for one in ast.walk(part) if part is not None else ():
                if isinstance(one, ast.Constant) and one.value in TIERS:
                    yield f"{file.relative_to(ROOT)}:{one.lineno} {one.value}"


def test_tiers_are_named_in_one_module() -> None:
    table = ROOT / "scraper" / "core" / "tiers.py"
    assert len(set(tiers_named_in(table))) >= len(TIERS)  # it would be noticed elsewhere, too
    elsewhere = {
        name
        for file in product_files()
        if file != table and not str(file.relative_to(ROOT)).startswith(WITH_TIERS_OF_THEIR_OWN)
        for name in tiers_named_in(file)
    }
    assert not elsewhere


def test_the_manual_and_config_ini_list_every_tier_the_cheapest_first() -> None:
    assert all(cheaper.cost < dearer.cost for cheaper, dearer in pairwise(TIERS.values()))
    manual = (ROOT / "docs" / "reference" / "rendering.md").read_text()
    rows = [f"| `{name}` | {tier.how} | {tier.reader} |" for name, tier in TIERS.items()]
    assert "| tier | how | needs of the spider |\n|---|---|---|\n" + "\n".join(rows) + "\n\n" in manual
    assert f"\ntiers = {', '.join(TIERS)}\n" in (ROOT / "config.ini").read_text()


def test_every_count_of_a_run_comes_from_a_statistic() -> None:
    assert set(statistics.COUNTS) == set(RunCounts._fields)


def test_the_manual_and_config_ini_list_every_kind_of_alert() -> None:
    manual = (ROOT / "docs" / "reference" / "schedules.md").read_text()
    rows = [f"| `{name}` | {kind.when} |" for name, kind in ALERT_KINDS.items()]
    assert "| kind | when |\n|---|---|\n" + "\n".join(rows) + "\n\n" in manual
    assert f"some of {', '.join(ALERT_KINDS)}." in (ROOT / "config.ini").read_text()


def test_only_known_kinds_of_alerts_are_opened() -> None:
    tree = ast.parse((ROOT / "scraper" / "schedule" / "alerts" / "watcher.py").read_text())
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func) == "self._open"]
    named = {part.value for call in calls for part in call.args if isinstance(part, ast.Constant)}
    assert named
    assert named | set(KIND_OF_RESULT.values()) <= set(ALERT_KINDS)


def test_the_manual_and_the_command_name_every_format_of_exports() -> None:
    manual, command = ((ROOT / path).read_text() for path in ("docs/reference/exports.md", "scraper/cli/export.py"))
    for suffix in FORMATS:
        assert f"`{suffix}`" in manual
        assert re.search(rf"{re.escape(suffix)}[ ,]", command)


def test_what_spiders_and_models_import_from_scraper_is_what_it_says_it_is() -> None:
    names = scraper.__all__
    assert {"SiteSpider", "Record", "cleaners", "NextLink", "first", "texts", "each"} <= set(names)
    assert set(paging.__all__) <= set(names)
    assert {action.__name__ for action in actions.Action.__subclasses__()} <= set(names)
    for name in names:
        assert getattr(scraper, name) is not None
        assert name in dir(scraper)
    with pytest.raises(ImportError, match="cannot import name 'SiteSpidr' from 'scraper'"):
        exec("from scraper import SiteSpidr")


def test_a_name_of_scraper_costs_no_more_than_its_own_module() -> None:
    code = "import sys; from scraper import {}; print(' '.join(sys.modules))"
    there = {}
    for names in ("SwatheError", "Record, cleaners"):
        command = [sys.executable, "-c", code.format(names)]
        there[names] = set(subprocess.check_output(command, text=True, cwd=ROOT).split())
    assert not there["SwatheError"] & {"mongoengine", "scrapy", "lxml"}
    assert "mongoengine" in there["Record, cleaners"]
    assert not there["Record, cleaners"] & {"scrapy", "twisted"}
