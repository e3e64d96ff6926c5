"""The files that put many workers to work, in Docker Compose and Kubernetes: pinned, without secrets, not open."""

from __future__ import annotations

import json
import re
import signal
import subprocess
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from practice import PracticeServer
from redis import Redis
from support import ROOT, configured, until

from scraper.cli.manual import command_names
from scraper.core.project import VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pymongo.database import Database
    from support import Swathe

MANIFESTS = sorted((ROOT / "deploy" / "kubernetes").glob("*.yaml"))
OBJECTS = [found for manifest in MANIFESTS for found in yaml.safe_load_all(manifest.read_text())]
SERVICES = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
VERSIONS = {
    "ConfigMap": "v1",
    "Service": "v1",
    "Deployment": "apps/v1",
    "StatefulSet": "apps/v1",
    "NetworkPolicy": "networking.k8s.io/v1",
}


def containers() -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Yield each container with its workload's name and its pod."""
    for found in OBJECTS:
        if found["kind"] in ("Deployment", "StatefulSet"):
            pod = found["spec"]["template"]["spec"]
            for container in pod["containers"]:
                yield found["metadata"]["name"], pod, container


def configuration_of(container: dict[str, Any]) -> set[str]:
    names = {name for found in OBJECTS if found["kind"] == "ConfigMap" for name in found["data"]}
    return {name for name in (*(entry["name"] for entry in container["env"]), *names) if name.startswith("SWATHE_")}


def test_every_object_is_of_a_known_kind_and_what_it_selects_is_there() -> None:
    labels = [
        found["spec"]["template"]["metadata"]["labels"] for found in OBJECTS if "template" in found.get("spec", {})
    ]
    for found in OBJECTS:
        assert found["apiVersion"] == VERSIONS[found["kind"]], found
        spec = found.get("spec", {})
        assert found["metadata"]["name"]
        selector = spec.get("podSelector", spec.get("selector", {}))
        wanted = selector.get("matchLabels", selector)
        assert not wanted or any(wanted.items() <= label.items() for label in labels), found["metadata"]
        if "template" in spec:
            assert wanted.items() <= spec["template"]["metadata"]["labels"].items()
    assert [found["metadata"]["name"] for found in OBJECTS if found["kind"] == "Deployment"] == [
        "selenium",
        "worker",
        "scheduler",
        "web",
    ]


@pytest.mark.parametrize(
    ("name", "pod", "container"), list(containers()), ids=lambda value: value if isinstance(value, str) else ""
)
def test_a_container_is_pinned_and_limited_and_has_no_rights(
    name: str, pod: dict[str, Any], container: dict[str, Any]
) -> None:
    assert re.fullmatch(r"[a-z./-]+:\d+(\.\d+)+", container["image"]), container["image"]
    if container["name"] == "swathe":
        assert container["image"].endswith(f"/swathe:{VERSION}")
    assert {"cpu", "memory"} <= container["resources"]["limits"].keys() & container["resources"]["requests"].keys()
    assert pod["securityContext"]["runAsNonRoot"]
    assert pod["automountServiceAccountToken"] is False
    assert container["securityContext"]["allowPrivilegeEscalation"] is False
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    mounted = {mount["name"] for mount in container.get("volumeMounts", ())}
    assert mounted <= {volume["name"] for volume in pod["volumes"]} | {"data"}, name


def test_secrets_are_named_and_nothing_is_open_to_the_world() -> None:
    for _, _, container in containers():
        for entry in container["env"]:
            secret = re.search("PASSWORD|AUTH|URI", entry["name"])
            assert not secret or entry.get("valueFrom", {}).keys() == {"secretKeyRef"}, entry["name"]
            assert "://" not in entry.get("value", "") or "$(REDIS_PASSWORD)" in entry["value"]
    assert {found["kind"] for found in OBJECTS} == set(VERSIONS), "no Secret, no Ingress"
    assert all(found["spec"].get("type", "ClusterIP") == "ClusterIP" for found in OBJECTS if found["kind"] == "Service")
    guarded = {
        found["spec"]["podSelector"]["matchLabels"]["app"] for found in OBJECTS if found["kind"] == "NetworkPolicy"
    }
    assert guarded == {"redis", "selenium", "swathe", "web"}
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert list(published) == ["mongodb", "rabbitmq", "web"]
    assert all(port.startswith("127.0.0.1:") for ports in published.values() for port in ports)


def test_the_image_that_compose_builds_has_the_version_for_its_tag() -> None:
    ours = [service for service in SERVICES.values() if "build" in service]
    assert len(ours) == 4
    assert {service["image"] for service in ours} == {f"swathe:{VERSION}"}


def test_commands_and_options_exist() -> None:
    for name, _, container in containers():
        if name in ("worker", "scheduler", "web"):
            commands = {tuple(container["args"][:count]) for count in (1, 2)}
            assert commands & set(command_names()), container["args"]
            configured(**{option: "redis" for option in configuration_of(container) if option.endswith("BACKEND")})
    for name in ("swathe", "worker", "scheduler"):
        environ = {**SERVICES[name]["environment"]}
        assert configured(**environ).frontier.backend == "redis"
        assert configured(**environ).rendering.grid_url.get_secret_value() == "http://selenium:4444"


def test_keda_scales_the_workers_by_the_runs_that_they_can_join(
    swathe: Swathe, database: Database[dict[str, Any]]
) -> None:
    account, scaled = yaml.safe_load_all((ROOT / "deploy" / "keda" / "worker.yaml").read_text())
    assert {(one["apiVersion"], one["kind"]) for one in (account, scaled)} == {
        ("keda.sh/v1alpha1", "TriggerAuthentication"), ("keda.sh/v1alpha1", "ScaledObject"),
    }  # fmt: skip
    (secret,) = account["spec"]["secretTargetRef"]
    references = [
        entry["valueFrom"]["secretKeyRef"] for _, _, one in containers() for entry in one["env"] if "valueFrom" in entry
    ]
    assert {"name": secret["name"], "key": secret["key"]} in references
    spec = scaled["spec"]
    assert ("Deployment", spec["scaleTargetRef"]["name"]) in {(one["kind"], one["metadata"]["name"]) for one in OBJECTS}
    (trigger,) = spec["triggers"]
    assert trigger["authenticationRef"]["name"] == account["metadata"]["name"]
    assert trigger["name"] in spec["advanced"]["scalingModifiers"]["formula"]
    asked = trigger["metadata"]
    assert asked["dbName"] == configured().mongodb.database
    query = json.loads(asked["query"])
    with PracticeServer(latency_ms=300) as site:
        crawl = swathe.start("crawl", "books", "--start", f"{site.url}books/")
        until(lambda: database[asked["collection"]].count_documents(query) == 1, "the run is counted")
        until(lambda: len(site.requests) > 5, "the crawl is under way")
        crawl.send_signal(signal.SIGTERM)
        crawl.communicate(timeout=60)
    assert database[asked["collection"]].count_documents(query) == 0
    database[asked["collection"]].update_one(
        {}, {"$set": {"state": "running", "heartbeat_at": datetime(2020, 1, 1, tzinfo=UTC)}}
    )
    assert database[asked["collection"]].count_documents(query) == 0, "nor one whose processes have all died"


def test_redis_takes_the_configuration_and_asks_for_the_password(tmp_path: Path) -> None:
    (settings,) = [
        found["data"]["redis.conf"] for found in OBJECTS if found["metadata"]["name"] == "redis" and "data" in found
    ]
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["configs"]["redis-conf"]["content"]
    assert [line for line in compose.splitlines() if "requirepass" not in line] == settings.splitlines()
    (tmp_path / "redis.conf").write_text(f"{settings}\nport 0\nunixsocket {tmp_path}/s\ndir {tmp_path}\n")
    (command,) = [container["command"] for name, _, container in containers() if name == "redis"]
    script = command[-1].replace("/etc/redis/", f"{tmp_path}/")
    process = subprocess.Popen(
        [*command[:2], script], env={"REDISCLI_AUTH": "s3cret", "PATH": "/usr/bin:/bin"}, stdout=subprocess.DEVNULL
    )
    try:
        until((tmp_path / "s").exists, "redis-server listens")
        with Redis(unix_socket_path=f"{tmp_path}/s", password="s3cret", decode_responses=True) as client:
            assert client.config_get("appendfsync", "maxmemory-policy") == {
                "appendfsync": "always", "maxmemory-policy": "noeviction",
            }  # fmt: skip
    finally:
        process.kill()
        process.wait()
