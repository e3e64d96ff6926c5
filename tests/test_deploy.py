"""The files that put the scheduler to work: systemd and Docker Compose take them, and they start what they should."""

from __future__ import annotations

import configparser
import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
import yaml
from support import ROOT, configured

from scraper.cli.manual import command_names

if TYPE_CHECKING:
    from pathlib import Path

DEPLOY = ROOT / "deploy"
UNITS = sorted(path.name for path in DEPLOY.iterdir() if path.is_file())


def option(unit: str, section: str, name: str) -> str:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string((DEPLOY / unit).read_text())
    return parser[section][name]


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed")
def test_systemd_takes_the_units(tmp_path: Path) -> None:
    program = tmp_path / "swathe" / ".venv" / "bin" / "swathe"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    for unit in UNITS:
        text = (DEPLOY / unit).read_text().replace("/opt/swathe", str(tmp_path / "swathe"))
        (tmp_path / unit).write_text(text.replace("User=swathe", "User=root"))
    done = subprocess.run(
        ["systemd-analyze", "verify", *(str(tmp_path / unit) for unit in UNITS)],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    ours = [line for line in done.stderr.splitlines() if "swathe" in line]
    assert not ours, done.stderr


def test_the_units_and_the_compose_file_start_commands_that_exist() -> None:
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    assert services["worker"]["command"][0] == "worker"
    assert ("worker",) in command_names()
    started = [tuple(services["scheduler"]["command"])]
    started += [tuple(option(unit, "Service", "ExecStart").split()[1:3]) for unit in UNITS if unit.endswith(".service")]
    assert len(started) == 3
    assert set(started) == {("schedule", "run")} <= set(command_names())


def test_passwords_are_made_once_and_those_that_an_older_file_lacks_are_added(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("REDIS_PASSWORD=mine\n")
    for _ in range(2):
        subprocess.run(
            ["make", "-f", str(ROOT / "Makefile"), "compose-env"], cwd=tmp_path, check=True, capture_output=True
        )
    lines = dict(line.split("=") for line in (tmp_path / ".env").read_text().splitlines())
    asked = set(re.findall(r"\$\{(\w+):\?run `make compose-env`", (ROOT / "docker-compose.yml").read_text()))
    assert lines.keys() == asked
    assert lines["REDIS_PASSWORD"] == "mine"
    assert len({*lines.values()}) == 4


def test_there_is_time_for_crawls_to_stop_cleanly() -> None:
    grace_s = configured().scheduler.stop_grace_s
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    assert int(services["scheduler"]["stop_grace_period"].removesuffix("s")) > grace_s
    assert int(option("swathe-scheduler.service", "Service", "TimeoutStopSec")) > grace_s


def test_the_manual_shows_how_to_install_each_file() -> None:
    page = (ROOT / "docs" / "reference" / "schedules.md").read_text()
    for unit in UNITS:
        assert unit in page, unit
    assert "docker compose up --detach scheduler" in page
    assert re.search(r"^\* \* \* \* \* cd /opt/swathe && .*schedule run --once", page, re.MULTILINE)
