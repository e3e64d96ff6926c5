"""The documentation says what the code does."""

from __future__ import annotations

import ast
import doctest
import importlib
import pkgutil
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support import ROOT, code_lines

import models
import pipelines
import scraper
import spiders
from models.record import BOOKKEEPING
from models.system import Run, RunCounts
from scraper.cli.manual import command_names, manual

if TYPE_CHECKING:
    from support import Swathe

MARKDOWN = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
OURS = [models, pipelines, scraper, spiders]
MODULES = sorted(
    info.name for package in OURS for info in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    if not info.name.endswith("__main__")
)  # fmt: skip


def test_the_manual_includes_config_ini_itself() -> None:
    page = (ROOT / "docs/reference/configuration.md").read_text()
    assert f"```ini\n{(ROOT / 'config.ini').read_text()}```" in page


def test_the_manual_of_commands_is_what_help_prints() -> None:
    assert (ROOT / "docs/reference/cli.md").read_text() == manual()


def test_every_command_of_the_readme_and_tutorial_exists() -> None:
    known = {name[0] for name in command_names()}
    for page in MARKDOWN:
        for command in re.findall(r"^(?:\$ )?(?:\.venv/bin/)?swathe (\w+)", page.read_text(), re.MULTILINE):
            assert command in known, f"{page.name} names the command '{command}'"


@pytest.mark.parametrize("page", MARKDOWN, ids=lambda page: page.name)
def test_links_and_paths_in_the_documentation_lead_somewhere(page: Path) -> None:
    text = page.read_text()
    for link in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", text):
        if not link.startswith(("http", "mailto")):
            assert (page.parent / link).exists(), f"{page.name} links to {link}"
    for path in re.findall(r"`((?:docs|scraper|models|pipelines|spiders|tests|benchmarks)/[\w./-]*)`", text):
        if "talks" not in path:  # the tutorial's own example
            assert (ROOT / path).exists(), f"{page.name} names {path}"


def test_the_page_on_runs_names_every_field_and_count() -> None:
    page = (ROOT / "docs/reference/runs.md").read_text()
    for name in [*Run._fields, *RunCounts._fields]:
        assert name == "id" or f"`{name}`" in page, name
    for state in Run.state.choices:
        assert f"`{state}`" in page


def test_the_page_on_scrapy_has_each_reason_why_a_test_of_scrapys_may_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    from scrapy_tests import REASONS

    page = (ROOT / "docs/reference/scrapy.md").read_text()
    assert [why for why in REASONS if f"{why} (" not in page] == []


def test_the_page_on_records_names_every_bookkeeping_field() -> None:
    page = (ROOT / "docs/reference/records.md").read_text()
    for name in BOOKKEEPING:
        assert f"`{name}" in page, name


TALKS = {
    "tides": ("On “tides”", "Ann", "2026-05-03"),
    "bells": ("On bells", "Bo", "2026-05-04"),
    "ink": ("Ink", "Ann", ""),
}
TALK_LISTS = {
    "index.html": (("tides", "bells"), "<a rel=next href=second.html>More</a>"),
    "second.html": (("ink",), ""),
}


@pytest.mark.parametrize("in_list", [False, True], ids=["own pages show all", "the list alone names the speaker"])
def test_the_tutorial_s_new_site_works(swathe: Swathe, tmp_path: Path, *, in_list: bool) -> None:
    model, spider, listed = re.findall(
        r"```python\n(.*?)```", (ROOT / "docs/tutorial/first-crawl.md").read_text(), re.DOTALL
    )
    (tmp_path / "talk_model.py").write_text(model)
    both = spider[: spider.index("    def read_page")] + listed[listed.index("    def read_listed") :]
    whole = both if in_list else spider
    (tmp_path / "talk_spider.py").write_text(whole.replace("models.talks", "talk_model"))
    assert code_lines(model) <= 15
    assert code_lines(spider) <= 20
    pages = tmp_path / "pages"
    pages.mkdir()
    for name, (talks, more) in TALK_LISTS.items():
        entries = [
            f"<div class=talk><h2><a href={talk}.html>{TALKS[talk][0]}</a></h2>"
            f"{f'<i class=speaker>{TALKS[talk][1]}</i>' if in_list else ''}</div>"
            for talk in talks
        ]
        (pages / name).write_text("<meta charset=utf-8>" + "".join(entries) + more)
    for talk, (title, speaker, day) in TALKS.items():
        (pages / f"{talk}.html").write_text(
            f"<meta charset=utf-8><h1>{title}</h1>{'' if in_list else f'<i class=speaker>{speaker}</i>'}"
            + (f"<time datetime={day}>soon</time>" if day else "")
        )
    code = (
        "import threading, functools\n"
        "from http.server import ThreadingHTTPServer, SimpleHTTPRequestHandler as H\n"
        f"site = ThreadingHTTPServer(('127.0.0.1', 0), functools.partial(H, directory={str(pages)!r}))\n"
        "threading.Thread(target=site.serve_forever, daemon=True).start()\n"
        "import sys; from scrapy.cmdline import execute\n"
        "execute(['scrapy', 'crawl', 'talks', '-a', f'start=http://127.0.0.1:{site.server_port}/',\n"
        "         '-s', 'SPIDER_MODULES=talk_spider', '-O', sys.argv[1]])\n"
    )
    environ = {"PYTHONPATH": f"{tmp_path}:{ROOT}", "SCRAPY_SETTINGS_MODULE": "scraper.settings", "PYTHONWARNINGS": ""}
    result = swathe.run([sys.executable, "-c", code, str(tmp_path / "talks.csv")], **environ)
    assert "swathe: talks: complete: 5 pages, records 3 new, 0 changed, 0 unchanged, 0 refused (run" in result.err
    header, *rows = (tmp_path / "talks.csv").read_text().splitlines()
    assert header == "title,speaker,day,url"
    assert sorted(row.rpartition(",http://127.0.0.1:")[0] for row in rows) == sorted(
        f"{title},{speaker},{day and f'{day}T00:00:00+00:00'}" for title, speaker, day in TALKS.values()
    )


def test_the_readme_shows_the_tutorial_s_site() -> None:
    tutorial = (ROOT / "docs/tutorial/first-crawl.md").read_text()
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert len(blocks) == 2
    assert all(block in tutorial for block in blocks)


def test_every_public_definition_has_a_docstring() -> None:
    for name in MODULES:
        module = importlib.import_module(name)
        assert module.__doc__, name
        tree = ast.parse(Path(str(module.__file__)).read_text())
        for owner in [tree, *(node for node in tree.body if isinstance(node, ast.ClassDef))]:
            for node in owner.body:
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and not _is_overload(node):
                    assert node.name.startswith("_") or ast.get_docstring(node), f"{name}.{node.name}"


def _is_overload(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> bool:
    """Tell whether this only declares types of the function that follows."""
    return any(isinstance(name, ast.Name) and name.id == "overload" for name in node.decorator_list)


def test_the_examples_in_docstrings_run() -> None:
    attempted = 0
    for name in MODULES:
        result = doctest.testmod(importlib.import_module(name))
        assert result.failed == 0, name
        attempted += result.attempted
    assert attempted > 20


def test_modules_stay_short_enough_to_read() -> None:
    for package in OURS:
        for file in (ROOT / package.__name__).rglob("*.py"):
            assert len(file.read_text().splitlines()) <= 400, file


def test_docker_compose_is_valid_and_binds_to_loopback_only() -> None:
    check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", "docker-compose.yml"]
    subprocess.run(check, cwd=ROOT, check=True, capture_output=True)
    text = (ROOT / "docker-compose.yml").read_text()
    ports = re.findall(r'^      - "([\d.:]+)"$', text, re.MULTILINE)
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)
    assert "PASSWORD: ${" in text
    assert not re.search(r"PASSWORD: [^$]", text), "a password stands in the file"


def test_the_lock_files_name_hashes_and_no_registry() -> None:
    for name in ("requirements.lock", "requirements-dev.lock"):
        text = (ROOT / name).read_text()
        assert "--hash=sha256:" in text
        assert "://" not in text
        assert "index-url" not in text
