"""Configuration: one source of defaults, a clear order, and one line for each fault."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from scraper.core.config import environment_name, load_config
from scraper.core.config.template import config_ini
from scraper.errors import ConfigError

if TYPE_CHECKING:
    from support import Swathe

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def project(tmp_path: Path) -> Path:
    shutil.copy(ROOT / "config.ini", tmp_path)
    return tmp_path


def test_the_environment_wins_over_the_local_file_which_wins_over_the_defaults(project: Path) -> None:
    assert load_config(project, {}).crawl.delay_s == 1.0
    (project / "config.local.ini").write_text("[crawl]\ndelay_s = 2\n")
    assert load_config(project, {}).crawl.delay_s == 2.0
    assert load_config(project, {"SWATHE_CRAWL_DELAY_S": "3"}).crawl.delay_s == 3.0


def test_a_relative_data_folder_starts_at_the_project_and_not_where_the_command_was_started(project: Path) -> None:
    assert load_config(project, {}).mongodb.data_dir == project / ".swathe"


@pytest.mark.parametrize(
    ("local", "line"),
    [
        ("[crawl]\ndelya_s = 2\n", "config.local.ini [crawl] delya_s is not an option: did you mean 'delay_s'?"),
        ("[crwal]\ndelay_s = 2\n", "[crwal] is not a section: did you mean 'crawl'?"),
        ("[crawl]\ndelay_s = fast\n", "config.local.ini [crawl] delay_s is 'fast', expected a valid number"),
        ("[crawl]\ndelay_s = -1\n", "config.local.ini [crawl] delay_s is '-1', expected greater than or equal to 0"),
        ("[crawl]\ndelay_s = nan\n", "config.local.ini [crawl] delay_s is 'nan', expected a finite number"),
        ("[crawl]\nobey_robots = perhaps\n", "[crawl] obey_robots is 'perhaps', expected a valid boolean"),
        ("[crawl]\nlog_level = loud\n", "expected 'DEBUG', 'INFO', 'WARNING' or 'ERROR'"),
        ("[mongodb]\ncache_mb = 3\n", "[mongodb] cache_mb is '3', expected greater than or equal to 256"),
        ("[mongodb]\ndatabase = a b\n", "[mongodb] database is 'a b'"),
        ("[mongodb]\ndatabase = admin\n", "[mongodb] database is 'admin', expected another name"),
        ("delay_s = 2\n", "config.local.ini line 1 is not a '[section]' or 'key = value' line"),
        ("[crawl]\ndelay_s\n", "config.local.ini line 2 is not a '[section]' or 'key = value' line"),
        ("[crawl]\ndelay_s = 1\ndelay_s = 2\n", "config.local.ini line 3 (given twice)"),
    ],
)
def test_a_fault_is_named_with_its_place_its_value_and_what_was_expected(project: Path, local: str, line: str) -> None:
    (project / "config.local.ini").write_text(local)
    with pytest.raises(ConfigError) as fault:
        load_config(project, {})
    assert line in str(fault.value)
    assert "\n" not in str(fault.value)


def test_a_file_that_is_no_text_is_named(project: Path) -> None:
    (project / "config.local.ini").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match=r"config\.local\.ini cannot be read .* expected a UTF-8 text file"):
        load_config(project, {})


def test_a_misspelt_environment_variable_is_named(project: Path) -> None:
    with pytest.raises(ConfigError, match="SWATHE_MONGO_URI is not an option: did you mean 'SWATHE_MONGODB_URI'"):
        load_config(project, {"SWATHE_MONGO_URI": "x"})


def test_config_ini_is_made_from_the_options_and_needs_to_hold_none(project: Path) -> None:
    assert (project / "config.ini").read_text() == config_ini()
    full = load_config(project, {})
    (project / "config.ini").unlink()
    assert load_config(project, {}) == full


def test_a_config_ini_that_is_written_anew_keeps_its_values_and_names_an_option_that_is_no_more(
    tmp_path: Path, swathe: Swathe
) -> None:
    (tmp_path / "scrapy.cfg").write_text("[settings]\ndefault = scraper.settings\n")
    swathe("config", "init", cwd=tmp_path)
    file = tmp_path / "config.ini"
    assert file.read_text() == config_ini()
    assert "exists already: `swathe config init --force`" in swathe("config", "init", cwd=tmp_path, code=2).error_line
    file.write_text("[crawl]\ndelay_s = 3\n[queries]\ncheap = books price<5\n  --limit 3\n")
    before = load_config(tmp_path, {})
    swathe("config", "init", "--force", cwd=tmp_path)
    assert load_config(tmp_path, {}) == before
    assert len(file.read_text().splitlines()) == len(config_ini().splitlines()) + 2
    file.write_text("[crawl]\ndelay = 3\n")
    line = swathe("config", "init", "--force", cwd=tmp_path, code=2).error_line
    assert "config.ini [crawl] delay is not an option: did you mean 'delay_s'?" in line
    assert file.read_text() == "[crawl]\ndelay = 3\n"


def test_no_secret_shows_in_a_configuration_or_in_a_fault_of_its_file(project: Path) -> None:
    shown = repr(load_config(project, {"SWATHE_MONGODB_URI": "mongodb://u:s3cret@h/"}))
    assert "s3cret" not in shown
    (project / "config.local.ini").write_text("[mongodb]\nuri mongodb://u:s3cret@h/\n")
    with pytest.raises(ConfigError) as fault:
        load_config(project, {})
    assert "s3cret" not in str(fault.value)


def test_an_unknown_option_of_set_is_named() -> None:
    assert environment_name("mongodb.idle_stop_s") == "SWATHE_MONGODB_IDLE_STOP_S"
    with pytest.raises(ConfigError, match=r"'crawl\.delya_s' is not an option: did you mean 'crawl\.delay_s'"):
        environment_name("crawl.delya_s")


def test_every_option_of_config_ini_has_a_comment_of_its_own() -> None:
    lines = (ROOT / "config.ini").read_text().splitlines()
    options = [number for number, line in enumerate(lines) if "=" in line and not line.startswith("#")]
    assert len(options) > 20
    for number in options:
        assert lines[number - 1].startswith("# "), f"config.ini line {number + 1} lacks its comment"
