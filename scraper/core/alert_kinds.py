"""The kinds of alerts: in which ways runs go wrong that people are told of."""

from __future__ import annotations

from typing import Final, NamedTuple


class AlertKind(NamedTuple):
    """A way in which runs go wrong that people are told of."""

    words: str
    """How a message says it."""
    when: str
    """When it is reported, for the manual."""


ALERT_KINDS: Final = {
    "failed": AlertKind("failed", "the run failed, after its last try"),
    "lost": AlertKind("lost", "the run was killed and stopped without a word, after its last try"),
    "incomplete": AlertKind("incomplete", "the verdict is incomplete or unknown, or the run timed out"),
    "late": AlertKind(
        "late",
        "a firing was missed, has not started `[alerts] late_s` after it was due, or is skipped for that long because "
        "the run before it does not end",
    ),
    "refused_share": AlertKind(
        "many records refused", "more than `[alerts] refused_share` of the records were refused"
    ),
    "broken": AlertKind(
        "cannot be loaded",
        "a file of spiders or models, or a saved query, cannot be loaded and is left out; once for each, until it can",
    ),
}
"""All kinds of alerts. A new one stands here and where it is opened (`scraper/schedule/alerts/`)."""
