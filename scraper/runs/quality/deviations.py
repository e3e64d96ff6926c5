"""Find what is unlike the last complete runs: a pure function of their figures and of this run's.

What is usual is learned: the median of the last complete runs, and how far they lie from it (their median absolute
deviation). A figure deviates when it lies further from the median than runs naturally do, outside of all that the last
runs had, and unlike the last two runs. So noise, a weekly pattern, growth and shrinking are no deviation, and a new
level is one twice: from the third run on it is what is usual. A new level that comes with other code of the spider,
or that a person has accepted, is what is usual at once: the first run of other code may only not find less.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations
from math import exp, log, sqrt
from statistics import median
from typing import TYPE_CHECKING

from scraper.runs.quality.figures import Figure

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from scraper.runs.quality.figures import Metric, Sample

LEARNED_FROM = 20
"""Complete runs that are learned from, at most."""

LEAST_RUNS = 4
"""Complete runs before anything but the number of records is judged; that is from the second run on."""

AGREEING = 2
"""Runs that make a new level the usual one when a further run agrees with them."""

NEW_LEVEL = 3
"""Complete runs on another level than those before them after which the latter no longer count."""

SPREADS, FEW = 3 * 1.4826, 4
"""Median absolute deviations that are natural: three standard deviations, were the figures normal; more of few runs."""

LEAST_TREND = 6
"""Runs from which growth is learned."""

NEW_DAY = 1.75
"""What floors are multiplied with on a day of the week that has no run yet."""


@dataclass(frozen=True)
class Rule:
    """How far a figure may move: a floor under what is learned, so that steady figures do not make it strict.

    The floors are parts of the usual value, or of a share points of it; `least` is in the figure's own unit. None does
    not look that way.
    """

    rise: float | None = None
    fall: float | None = None
    least: float = 0.0
    is_share: bool = False
    runs: int = LEAST_RUNS
    rise_is_lack: bool = False
    """Whether it is a rise that says that records are missing or broken."""
    grows: bool = True
    """Whether a steady growth is learned and goes on; of shares never."""

    @property
    def of_other_code(self) -> Rule:
        """The same rule for a run of other code than those before it: to find more is what it was changed for."""
        return self if self.rise_is_lack else replace(self, rise=None)

    @property
    def both_ways(self) -> Rule:
        """The same rule for a move either way, as strict as it is the way it looks most closely."""
        floor = min(floor for floor in (self.rise, self.fall) if floor is not None)
        return Rule(floor, floor, self.least, self.is_share)


RULES = {
    "count": Rule(rise=1.0, fall=0.1, least=2, runs=1),
    "segment": Rule(fall=0.5, least=4),
    "list": Rule(fall=0.5, least=4),
    "filled": Rule(fall=0.1, is_share=True),
    "same": Rule(rise=0.5, is_share=True),
    "age": Rule(rise=1.0, least=2, rise_is_lack=True, grows=False),
    "refused": Rule(rise=0.05, is_share=True, rise_is_lack=True),
    "new": Rule(rise=0.3, is_share=True),
    "changed": Rule(rise=0.35, is_share=True),
    "unseen": Rule(rise=0.2, is_share=True, rise_is_lack=True),
    "pages": Rule(rise=0.5, least=3),
    "bytes": Rule(rise=1.0, least=2**20),
    "duration": Rule(rise=2.0, least=30),
    "browser": Rule(rise=0.2, is_share=True),
}
"""The rules by kind of figure. `least` of `bytes` is one megabyte, of `duration` half a minute, of `age` two days."""

VANISHING = ("segment", "list")
"""Kinds of figures that a run lacks where it has nothing to count: that is 0 of them."""


@dataclass(frozen=True)
class Deviation:
    """One figure that is unlike the last complete runs."""

    metric: Metric
    now: Figure
    usual: tuple[Figure, ...]
    """The figures that were learned from, the latest first."""

    @property
    def is_lack(self) -> bool:
        """Whether records seem to be missing."""
        return self.metric.kind in ("count", *VANISHING) and self.now.value < min(figure.value for figure in self.usual)


def deviations(earlier: Sequence[Sample], now: Sample) -> list[Deviation]:
    """Return what is unlike the `earlier` runs, the latest first, of the same spider and arguments.

    Complete ones are learned from. Others, such as a run that was suspect itself, only tell whether this run agrees
    with them.
    """
    complete = [sample for sample in earlier if sample.is_complete][:LEARNED_FROM]
    # A pattern of the week is learned in a week; until then a day that is new has room for it.
    slack = 1 if any(sample.started_at.weekday() == now.started_at.weekday() for sample in complete) else NEW_DAY
    since, other_code = _baseline(complete), bool(complete) and _is_of_other_code(complete[0], now)
    found = []
    for metric, figure in _with_vanished(complete, now).items():
        rule = RULES[metric.kind]
        figures, own = _of(complete, metric), _of(complete[:since], metric)
        if metric.kind == "new":
            # The first run of all finds nothing but new records; that says nothing about the next.
            figures, own = ([one for one in some if one.value < 1] for some in (figures, own))
        latest = _of(earlier[:AGREEING], metric)
        agrees = len(latest) == AGREEING and not any(_is_far(rule.both_ways, one.value, figure) for one in latest)
        usual = _since_new_level(rule, figures, len(own))
        rule = rule.of_other_code if other_code else rule
        if len(figures) >= rule.runs and not agrees and _is_unlike(rule, usual, figure, slack):
            found.append(Deviation(metric, figure, tuple(usual)))
    return sorted(found, key=lambda deviation: list(RULES).index(deviation.metric.kind))


def _with_vanished(complete: Iterable[Sample], now: Sample) -> dict[Metric, Figure]:
    """Return the figures of a run, and those of segments and lists that only earlier runs had: 0, if it counted any."""
    counted = {metric[:2] for metric in now.figures if metric.kind in VANISHING}
    known = [metric for one in complete for metric in one.figures]
    return {**{metric: Figure(0) for metric in known if metric[:2] in counted}, **now.figures}


def _of(samples: Iterable[Sample], metric: Metric) -> list[Figure]:
    return [sample.figures[metric] for sample in samples if metric in sample.figures]


def _baseline(complete: Sequence[Sample]) -> int:
    """Return how many of the runs, the latest first, are of the latest one's code and not before an accepted one."""
    for number, sample in enumerate(complete):
        if _is_of_other_code(sample, complete[0]):
            return number
        if sample.is_accepted:
            return number + 1
    return len(complete)


def _is_of_other_code(one: Sample, other: Sample) -> bool:
    return bool(one.code and other.code) and one.code != other.code


def _since_new_level(rule: Rule, figures: list[Figure], own: int) -> list[Figure]:
    """Return the figures to learn from: none from before a change of level that has lasted, or was meant.

    `own` is how many of them have a baseline of their own.
    """
    for recent, before in ((figures[:size], figures[size:]) for size in (own, NEW_LEVEL) if size):
        if len(before) >= rule.runs and all(_is_unlike(rule.both_ways, before, figure) for figure in recent):
            return recent
    return figures if rule.is_share or not rule.grows else _projected(figures)


def _projected(figures: list[Figure]) -> list[Figure]:
    """Return what the figures would be now, had they grown as they did since: by the median slope of their logarithms.

    Source: Sen, Estimates of the regression coefficient based on Kendall's tau, 1968.
    """
    logs = [log(figure.value) if figure.value > 0 else 0.0 for figure in figures]
    if len(logs) < LEAST_TREND:
        return figures
    slope = median((one - other) / (later - age) for (age, one), (later, other) in combinations(enumerate(logs), 2))
    return [figure._replace(value=figure.value * exp(slope * (age + 1))) for age, figure in enumerate(figures)]


def _is_unlike(rule: Rule, usual: Sequence[Figure], now: Figure, slack: float = 1) -> bool:
    """Return whether a figure is further from the median than is natural, and far from the nearest that was there."""
    values = [figure.value for figure in usual]
    middle = median(values)
    natural = SPREADS * (1 + FEW / len(values)) * median(abs(value - middle) for value in values)
    if rule.is_share:
        natural = max(natural, _chance(usual, now.of))
    return abs(now.value - middle) > natural and all(_is_far(rule, value, now, slack) for value in (middle, *values))


def _is_far(rule: Rule, value: float, now: Figure, slack: float = 1) -> bool:
    """Return whether a figure differs from a value by more than the rule's floor, the way the rule looks."""
    floor = rule.rise if now.value > value else rule.fall
    if floor is None:
        return False
    allowed = max(floor if rule.is_share else floor * value, rule.least)
    return abs(now.value - value) > slack * allowed


def _chance(usual: Sequence[Figure], of: int) -> float:
    """Return how far a share of `of` records may be from the usual one by chance: five standard deviations.

    A share that was never anything but 0 or 1 is taken to be a little less sure than that; and records come whole.
    """
    known = sum(figure.of for figure in usual)
    unsure = 1 / (known + 2)
    share = sum(figure.value * figure.of for figure in usual) / max(known, 1)
    likely = min(max(share, unsure), 1 - unsure)
    return 5 * sqrt(likely * (1 - likely) / max(of, 1)) + 1.5 / max(of, 1)
