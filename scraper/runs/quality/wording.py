"""Say a deviation in one line for a person: what, how much, what is usual, and the likely cause."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from scraper.runs.quality.deviations import Deviation
    from scraper.runs.quality.figures import Figure, Sample

NAMED = 5
"""Earlier numbers of records that are named."""

ALIKE = 0.5
"""A selector may be the cause when it fails more often by this part of what the field does."""


def sentence(deviation: Deviation, earlier: Sequence[Sample], now: Sample) -> str:
    """Return one line about a deviation from the `earlier` runs, the latest first."""
    kind, records, field = deviation.metric
    value, of = deviation.now
    usual = deviation.usual
    shares = [figure.value for figure in usual]
    match kind:
        case "count":
            others = ", ".join(str(int(figure.value)) for figure in usual[:NAMED])
            return f"{int(value)} {records} were found, the last complete runs found {others}"
        case "segment":
            return f"{int(value)} {records} of '{field}' were found, usually {_numbers(usual)}"
        case "list":
            return f"{int(value)} entries of the list {_path(field)} were found, usually {_numbers(usual)}"
        case "age":
            return f"the newest `{field}` of {records} is {_number(value)} days old, usually {_numbers(usual)}"
        case "same":
            return f"`{field}` is the same in {_percent(value)} of {of} {records}, usually in {_range(shares)}"
        case "filled":
            empty = [1 - share for share in shares]
            cause = _failing_selector(deviation, earlier, now) or _fault(now, records, field)
            return f"`{field}` is empty in {_percent(1 - value)} of {of} {records}, usually in {_range(empty)}{cause}"
        case "refused":
            what = f"{_percent(value)} of {of} {records} were refused, usually {_range(shares)}"
            return what + _most("because of", now.faults.get(records, {}))
        case "changed":
            what = f"{_percent(value)} of {of} {records} changed, usually {_range(shares)}"
            return what + _most("in", now.changes.get(records, {}))
        case "new":
            cause = "; do the values of their key read otherwise?"
            return f"{_percent(value)} of {of} {records} are new, usually {_range(shares)}{cause}"
        case "unseen":
            return f"{_percent(value)} of the {of} {records} known were not seen, usually {_range(shares)}"
        case "browser":
            return f"{_percent(value)} of {of} pages were read in the browser, usually {_range(shares)}"
        case "pages":
            return f"{_number(value)} pages were read, usually {_numbers(usual)}"
        case "bytes":
            return f"{_number(value / 2**20)} MB were received, usually {_numbers(usual, 2**20)}"
        case _:
            return f"the run took {_number(value)} s, usually {_numbers(usual)}"


def _failing_selector(deviation: Deviation, earlier: Iterable[Sample], now: Sample) -> str:
    """Return which selector failed as the field did; one that has the field's name in it is the likelier one."""
    lost = median(figure.value for figure in deviation.usual) - deviation.now.value
    usual: dict[str, list[float]] = {}
    for sample in earlier:
        if sample.is_complete:
            for selector, figure in sample.selectors.items():
                usual.setdefault(selector, []).append(figure.value)
    failing = []
    for selector, figure in now.selectors.items():
        drop = median(usual[selector]) - figure.value if selector in usual else 0.0
        if drop > ALIKE * lost:
            named = deviation.metric.field.lower() in selector.lower()
            failing.append((not named, abs(drop - lost), selector))
    if not failing:
        return ""
    selector = min(failing)[-1]
    share, asked = now.selectors[selector]
    return f"; selector '{selector}' matched {round(share * asked)} times of {asked}, usually {_range(usual[selector])}"


def _fault(now: Sample, records: str, field: str) -> str:
    count = now.faults.get(records, {}).get(field, 0)
    return f"; in {count} of them a value could not be read, see `swathe rejected`" if count else ""


def _most(joint: str, counts: dict[str, int]) -> str:
    if not counts:
        return ""
    name = max(counts, key=lambda field: counts[field])
    return f", most {joint} `{name}` ({counts[name]})"


def _range(shares: Sequence[float]) -> str:
    """Return the middle nine tenths of some shares.

    >>> _range([0.0, 0.012, 0.004])
    '0 to 1 %'
    """
    low, high = _percent(_middle(shares)[0]), _percent(_middle(shares)[1])
    return high if low == high else f"{low.removesuffix(' %')} to {high}"


def _numbers(figures: Sequence[Figure], unit: int = 1) -> str:
    low, high = (_number(value / unit) for value in _middle([figure.value for figure in figures]))
    return low if low == high else f"{low} to {high}"


def _middle(values: Sequence[float]) -> tuple[float, float]:
    ordered, cut = sorted(values), len(values) // 20
    return ordered[cut], ordered[-1 - cut]


def _path(name: str) -> str:
    """Return a list's name without its host, where it is an address."""
    parts = urlsplit(name)
    return parts.path + (f"?{parts.query}" if parts.query else "") if parts.netloc else name


def _percent(share: float) -> str:
    return f"{share * 100:.0f} %"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:,.1f}".removesuffix(".0")
