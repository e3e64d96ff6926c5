"""Which project a command works in, and what it refuses to take for one."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from support import ROOT

from scraper.cli.doctor import check_project
from scraper.core.project import Project, find_project
from scraper.errors import ProjectError, SwatheError
from scraper.probe.new_project import NewProject

if TYPE_CHECKING:
    from pathlib import Path

    from support import Swathe


def cfg(folder: Path, text: str = "[settings]\ndefault = shop.settings\n") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "scrapy.cfg").write_text(text)
    return folder


def test_the_nearest_scrapy_cfg_counts_and_without_one_the_checkout(tmp_path: Path) -> None:
    outer = cfg(tmp_path / "outer")
    inner = cfg(outer / "deep" / "inner", "[settings]\ndefault = other.settings\n")
    (inner / "other" / "spiders").mkdir(parents=True)
    assert find_project(inner / "other" / "spiders") == Project(inner, "other.settings")
    assert find_project(outer / "deep") == Project(outer, "shop.settings")
    assert find_project(tmp_path) == Project(ROOT)
    assert Project(outer, "shop.settings").module("models") == "shop.models"
    assert Project(outer, "shop.settings").path("models") == outer / "shop" / "models"
    assert Project(ROOT).module("models") == "models"


def test_the_environment_names_the_settings_as_for_scrapy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As scrapyd does for an egg, where scrapy.cfg is another project's, or has nothing for this one."""
    monkeypatch.setenv("SCRAPY_SETTINGS_MODULE", "egg.settings")
    assert find_project(cfg(tmp_path)) == Project(tmp_path, "egg.settings")


def test_doctor_names_a_scrapy_cfg_that_a_nearer_one_hides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inner = cfg(cfg(tmp_path / "outer") / "inner")
    monkeypatch.setattr("scraper.core.project._entered", find_project(inner))
    found = check_project().found
    assert found == f"shop in {inner}; the scrapy.cfg in {inner.parent}, above it, does not count here"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", "has '' as 'default' under [settings], expected the settings of the project's own package"),
        ("[settings]\ndefault = settings\n", "has 'settings' as 'default'"),
        ("[settings]\ndefault = models.settings\n", "scraper, spiders, pipelines, models are Swathe's"),
        ("[settings]\ndefault = scraper.mine\n", "has 'scraper.mine' as 'default'"),
        ("[settings]\ndefault = my shop.settings\n", "has 'my shop.settings' as 'default'"),
        ("default = shop.settings\n", "scrapy.cfg cannot be read (File contains no section headers."),
        ("[settings]\ndefault = shop.settings\n[swathe]\nversion = 9.1\n", "is a project of Swathe 9.1, found Swathe"),
    ],
)  # fmt: skip
def test_a_scrapy_cfg_that_names_no_project_is_refused_in_one_line(tmp_path: Path, text: str, line: str) -> None:
    cfg(tmp_path, text)
    with pytest.raises(ProjectError) as refused:
        find_project(tmp_path)
    assert line in str(refused.value)
    assert str(tmp_path) in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("models", "the package 'models' is Swathe's own"),
        ("Scraper", "the package 'scraper' is Swathe's own"),
        ("json", "'json' is a word or module of Python's"),
        ("class", "'class' is a word or module of Python's"),
        ("tests", "'tests' is a word or module of Python's"),
        ("scrapy", "a package 'scrapy' is there"),
        ("Ω", "the name is 'Ω', expected one that begins with a letter from a to z"),
        ("7eleven", "the name is '7eleven', expected one that begins with a letter"),
        ("x" * 49, "expected one that begins with a letter from a to z and makes a package of 48 letters"),
        ("full", "is not empty, notes.txt is in it"),
        ("taken", "is a file, expected a new or empty folder"),
        ("taken/shop", "cannot write {folder}/taken/shop/config.ini: Not a directory"),
        ("/sys/shop", "cannot write /sys/shop/config.ini: "),
    ],
)
def test_a_project_that_cannot_be_made_is_refused_in_one_line_and_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, line: str
) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "notes.txt").touch()
    (tmp_path / "taken").touch()
    before = sorted(tmp_path.rglob("*"))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SwatheError) as refused:
        NewProject.checked(name).write()
    assert line.format(folder=tmp_path) in str(refused.value)
    assert "\n" not in str(refused.value)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_folder_may_have_any_name_and_an_empty_repository_is_empty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "My shop, Ω"
    (folder / ".git").mkdir(parents=True)
    monkeypatch.chdir(folder)
    made = NewProject.checked(".")
    assert (made.folder, made.package, made.surrounding) == (folder, "my_shop", None)
    made.write()
    assert find_project(folder) == Project(folder, "my_shop.settings")
    assert NewProject.checked("inner").surrounding == folder


def test_a_project_runs_its_own_package_alone(swathe: Swathe, tmp_path: Path) -> None:
    """Neither one of the same name from elsewhere, nor its own folders in place of Swathe's."""
    shop = cfg(tmp_path / "shop")
    line = swathe("spiders", cwd=shop, code=2).error_line
    assert f"the package 'shop' would come from nowhere, expected {shop / 'shop'}, as scrapy.cfg says" in line
    (shop / "shop").mkdir()
    (shop / "shop" / "__init__.py").touch()
    elsewhere = tmp_path / "elsewhere" / "shop"
    elsewhere.mkdir(parents=True)
    (elsewhere / "__init__.py").touch()
    line = swathe("spiders", cwd=shop, code=2, PYTHONPATH=str(elsewhere.parent)).error_line
    assert f"the package 'shop' would come from {elsewhere}, expected {shop / 'shop'}" in line
    (shop / "models").mkdir()
    (shop / "models" / "__init__.py").touch()
    program = [sys.executable, "-c", "import sys; sys.path.insert(0, ''); from scraper.cli import main; main()"]
    line = swathe.run([*program, "spiders"], cwd=shop, code=2, PYTHONPATH=f":{ROOT}").error_line
    assert f"the package 'models' would come from {shop / 'models'}, expected {ROOT / 'models'}" in line


def test_a_distribution_whose_files_pip_has_put_over_ours_is_named(swathe: Swathe, tmp_path: Path) -> None:
    import shutil

    for name in ("scraper", "spiders", "pipelines", "models"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "models" / "__init__.py").write_text('"""Models of a neural network."""\n')
    program = [sys.executable, "-c", "from scraper.cli import main; main()", "spiders"]
    line = swathe.run(program, cwd=tmp_path, code=2, PYTHONPATH=str(tmp_path)).error_line
    assert f"the package 'models' would be another distribution's, which pip has put into {tmp_path / 'models'}" in line
    assert line.endswith("or run Swathe in a virtual environment of its own")


def test_a_broken_config_ini_of_a_project_is_one_line(
    swathe: Swathe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    NewProject.checked("shop", bare=True).write()
    (tmp_path / "shop" / "config.ini").write_text("[crawl\ndelay_s = 1\n")
    for command in (["runs"], ["spiders"], ["query", "runs"]):
        line = swathe(*command, cwd=tmp_path / "shop", code=2).error_line
        assert line.startswith("swathe: config.ini line 1 is not a '[section]' or 'key = value' line"), line
