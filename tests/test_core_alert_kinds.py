"""The kinds of alerts: the manual has all of them, and no other is opened."""

from __future__ import annotations

import ast

from support import ROOT

from scraper.core.alert_kinds import ALERT_KINDS
from scraper.schedule.alerts.watcher import KIND_OF_RESULT


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
