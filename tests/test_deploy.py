"""The files that put the scheduler and the page to work: they are taken, and they start what they should."""

from __future__ import annotations

import configparser
import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from support import ROOT, configured
from web_page import served

from scraper.cli.manual import command_names
from scraper.errors import UsageError
from scraper.web.server import _bound

if TYPE_CHECKING:
    from pathlib import Path

    from pymongo.database import Database

DEPLOY = ROOT / "deploy"
UNITS = sorted(path.name for path in DEPLOY.iterdir() if path.is_file())
SERVICES = [unit for unit in UNITS if unit.endswith(".service")]
WEB = {one["kind"]: one for one in yaml.safe_load_all((DEPLOY / "kubernetes" / "web.yaml").read_text())}


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
    started += [tuple(services["web"]["command"])]
    started += [tuple(option(unit, "Service", "ExecStart").split()[1:3]) for unit in SERVICES]
    assert len(started) == 5
    assert set(started) == {("schedule", "run"), ("web",)} <= set(command_names())


def test_a_unit_starts_in_a_checkout_where_nothing_was_started_yet(tmp_path: Path) -> None:
    for unit in SERVICES:
        # `+` is outside of the sandbox, which cannot be made without the folder.
        before, folder = option(unit, "Service", "ExecStartPre"), option(unit, "Service", "ReadWritePaths")
        assert before == f"+/usr/bin/install -d -o swathe -g swathe -m 0700 {folder}"
        made = before.removeprefix("+").replace("-o swathe -g swathe ", "").replace(folder, f"{tmp_path}/{unit}")
        for _ in range(2):
            subprocess.run(made.split(), check=True)
        assert (tmp_path / unit).stat().st_mode & 0o777 == 0o700
    # What it prints first opens the page.
    assert option("swathe-web.service", "Service", "StandardOutput") == "null"


def test_the_page_is_published_on_this_machine_alone_and_needs_a_token(database: Database[Any]) -> None:
    service = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]["web"]
    assert service["ports"] == ["127.0.0.1:8700:8700"]
    environ = {name: re.sub(r"^\$\{\w+:-(.*)\}$", r"\1", value) for name, value in service["environment"].items()}
    for config, origin in (
        (configured(**environ), "http://127.0.0.1:8700"),
        (configured(**WEB["ConfigMap"]["data"]), "https://swathe.example"),
    ):
        assert not config.web.address.is_loopback
        with pytest.raises(UsageError, match="there is no token to come in with"):
            _bound(config, database, config.web.address)
        assert config.web.public_origin == origin


def test_the_page_is_asked_whether_it_is_well_by_whatever_name(data_dir: Path, database: Database[Any]) -> None:
    service = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]["web"]
    assert service["healthcheck"]["test"][:3] == ["CMD", "python", "-c"]
    code = service["healthcheck"]["test"][3]
    probe = WEB["Deployment"]["spec"]["template"]["spec"]["containers"][0]["readinessProbe"]["httpGet"]
    environ = {"SWATHE_MONGODB_DATA_DIR": str(data_dir), "SWATHE_MONGODB_DATABASE": database.name}
    with served("/crawls", **environ) as page:
        answer = page.ask(probe["path"], Host="10.0.0.1:8700", Authorization=None)
        assert (answer.status_code, answer.json()) == (200, {"ok": True})
        subprocess.run([sys.executable, "-c", code.replace("8700", str(page.port))], check=True, timeout=60)
    gone = [sys.executable, "-c", code.replace("8700", str(page.port))]
    assert subprocess.run(gone, check=False, capture_output=True, timeout=60).returncode == 1


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
    page = "".join((ROOT / "docs" / name).read_text() for name in ("reference/schedules.md", "how-to/web.md"))
    for unit in UNITS:
        assert unit in page, unit
    for service in ("scheduler", "web"):
        assert f"docker compose up --detach {service}" in page
    assert re.search(r"^\* \* \* \* \* cd /opt/swathe && .*schedule run --once", page, re.MULTILINE)
