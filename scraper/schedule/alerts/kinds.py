"""What is wrong with a run that has ended, as a function of its document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scraper.core.config.schedules import AlertsConfig, Kind


def kind_of(run: Mapping[str, Any], config: AlertsConfig) -> tuple[Kind, str] | None:
    """Return what a run that has ended is reported as, and why; None when it is not."""
    reasons = list(run.get("reasons", []))
    why = "; ".join(reasons)
    counts = run.get("counts", {})
    refused = counts.get("items_refused", 0)
    read = refused + sum(counts.get(f"items_{kind}", 0) for kind in ("new", "changed", "unchanged"))
    kind: Kind | None = None
    if run["state"] in ("failed", "lost"):
        kind = run["state"]
    elif read and refused / read > config.refused_share and "refused_share" in config.on:
        kind, why = "refused_share", f"{refused} of {read} records were refused ({refused / read:.0%}); {why}"
    elif run.get("verdict") in ("incomplete", "unknown") and run["state"] == "finished":
        kind = "incomplete"
    return (kind, why) if kind in config.on else None
