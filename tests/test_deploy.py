"""The files that put the scheduler and the page to work: they are taken, and they start what they should."""

from __future__ import annotations

import configparser
import json
import re
import shutil
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
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


def metrics_named_in(text: str) -> set[str]:
    return set(re.findall(r"\bswathe_[a-z_]+", text))


def test_dashboard_and_alerts_ask_for_metrics_that_there_are() -> None:
    dashboard, rules = DEPLOY / "grafana" / "swathe.json", DEPLOY / "prometheus" / "swathe.rules.yaml"
    # test_core_log and test_web_access hold the manual against what is served.
    known = metrics_named_in((ROOT / "docs" / "reference" / "observing.md").read_text())
    panels = json.loads(dashboard.read_text())["panels"]
    asked = [target["expr"] for panel in panels for target in panel["targets"]]
    alerts = yaml.safe_load(rules.read_text())["groups"][0]["rules"]
    asked += [rule["expr"] for rule in alerts]
    assert len(asked) > 20
    for expression in asked:
        names = metrics_named_in(expression)
        assert names, expression
        assert names <= known, expression
    assert len({panel["id"] for panel in panels}) == len(panels)
    for rule in alerts:
        assert rule["labels"]["severity"] in ("warning", "critical")
        said = " ".join(rule["annotations"].values())
        for command in re.findall(r"`swathe ([a-z ]+)`", said):
            assert tuple(command.split()) in command_names(), command


@pytest.mark.skipif(not shutil.which("promtool"), reason="Prometheus is not installed")
def test_prometheus_takes_the_alerts_and_they_go_off_when_they_should() -> None:
    data = ROOT / "tests" / "data" / "alerts.yaml"
    done = subprocess.run(
        ["promtool", "test", "rules", str(data)], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_scheduler_in_compose_is_well_when_it_has_looked_of_late(tmp_path: Path) -> None:
    code = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]["scheduler"]["healthcheck"]["test"][3]

    class Numbers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"# HELP x\nswathe_last_look_seconds %s\n" % self.server.looked_s)  # type: ignore[attr-defined]

        def log_message(self, format: str, *args: Any) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Numbers) as server:
        threading.Thread(target=server.serve_forever).start()
        code = code.replace("9100", str(server.server_port))
        for looked_s, well in ((b"0.2", True), (b"1e-05", True), (b"301.5", False)):
            server.looked_s = looked_s  # type: ignore[attr-defined]
            done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, timeout=60)
            assert (done.returncode == 0) == well, (looked_s, done.stderr)
        server.shutdown()
    assert subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, timeout=60).returncode == 1


def test_who_crawls_and_where_its_numbers_are_is_said_in_compose_and_kubernetes() -> None:
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    for name in ("scheduler", "web", "worker", "swathe"):
        assert services[name]["environment"]["SWATHE_CRAWL_CONTACT"].startswith("${SWATHE_CRAWL_CONTACT:-")
    assert "set-crawl-contact" in services["worker"]["environment"]["SWATHE_CRAWL_CONTACT"], "the doctor warns of it"
    for name in ("scheduler", "web"):
        assert services[name]["environment"]["SWATHE_METRICS_ADDRESS"] == "0.0.0.0:9100"
        assert not [port for port in services[name].get("ports", []) if "9100" in port]
    objects = [
        one
        for name in ("swathe", "web")
        for one in yaml.safe_load_all((DEPLOY / f"kubernetes/{name}.yaml").read_text())
    ]
    (config,) = [one["data"] for one in objects if one["kind"] == "ConfigMap" and one["metadata"]["name"] == "swathe"]
    assert configured(**{name: value for name, value in config.items() if "CONTACT" in name}).crawl.names_a_contact
    for one in objects:
        if one["kind"] == "Deployment" and one["metadata"]["name"] != "worker":
            template = one["spec"]["template"]
            assert template["metadata"]["annotations"] == {"prometheus.io/scrape": "true", "prometheus.io/port": "9100"}
            (container,) = template["spec"]["containers"]
            assert 9100 in [port["containerPort"] for port in container["ports"]]
            assert "livenessProbe" in container
        if one["kind"] == "NetworkPolicy":
            into = {port["port"] for rule in one["spec"]["ingress"] for port in rule["ports"]}
            assert 9100 in into
            assert all(rule["from"] for rule in one["spec"]["ingress"]), "nobody but those who are named"


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
