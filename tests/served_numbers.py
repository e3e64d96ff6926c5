"""What the tests of metrics read and hold them against: the numbers, the manual's names, and who listens where."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.request import urlopen

import psutil
import pytest
from prometheus_client.parser import text_string_to_metric_families
from support import ROOT

if TYPE_CHECKING:
    import subprocess


def numbers(url: str) -> dict[str, dict[str, float]]:
    """Return what Prometheus would read: of each metric the values, by those of the labels in the labels' order."""
    with urlopen(url, timeout=20) as answer:
        families = text_string_to_metric_families(answer.read().decode())
        samples = [sample for family in families for sample in family.samples]
    found: dict[str, dict[str, float]] = defaultdict(dict)
    for sample in samples:
        found[sample.name][" ".join(sample.labels[name] for name in sorted(sample.labels))] = sample.value
    return found


def manual(begin: str, end: str) -> set[str]:
    """Return the metrics that a part of the manual names."""
    page = (ROOT / "docs/reference/observing.md").read_text()
    return set(re.findall(r"`(swathe_\w+)`", page.partition(begin)[2].partition(end)[0]))


def of_swathe(found: dict[str, dict[str, float]]) -> set[str]:
    return {name for name in found if name.startswith("swathe_") and not name.endswith("_created")}


def listening(pid: int) -> set[str]:
    """Return the addresses on which a process or one it started listens for TCP, in the kernel's hexadecimal form."""
    pids = [pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))]
    mine = {str(entry.readlink()) for one in pids for entry in Path(f"/proc/{one}/fd").iterdir() if entry.is_symlink()}
    tables = [Path(f"/proc/{pid}/net/{name}").read_text() for name in ("tcp", "tcp6")]
    rows = [line.split() for table in tables for line in table.splitlines()]
    return {row[1].partition(":")[0] for row in rows if row[3] == "0A" and f"socket:[{row[9]}]" in mine}


def metrics_url(process: subprocess.Popen[str]) -> str:
    assert process.stderr is not None
    for line in process.stderr:
        if found := re.search(r"Metrics are at (http://127\.0\.0\.1:\d+/metrics)", line):
            return found[1]
    pytest.fail("no line said where the metrics are")
