"""Hold a run against the last ones of the same spider and arguments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.system import Run
from scraper.runs.quality.deviations import LEARNED_FROM, deviations
from scraper.runs.quality.figures import sample_of
from scraper.runs.quality.wording import sentence

if TYPE_CHECKING:
    from scraper.runs.completeness import Findings

LOOKED_AT = 3 * LEARNED_FROM
"""Earlier runs that are read, to find enough complete ones among them."""


def assess(run: Run, findings: Findings) -> None:
    """Add to the findings what is unlike the earlier runs. Blocks.

    Fewer records are a doubt, too: such a run never marks records as gone, whatever the policy.
    """
    same = Run.objects(spider=run.spider, arguments=run.arguments, id__ne=run.id, state="finished")
    last = same(verdict__ne="incomplete").order_by("-started_at")[:LOOKED_AT]
    earlier = [
        sample_of(one)
        for one in last.only("started_at", "verdict", "records", "counts", "quality", "code", "accepted_at")
    ]
    now = sample_of(run)
    for deviation in deviations(earlier, now):
        line = sentence(deviation, earlier, now)
        findings.deviations.append(line)
        if deviation.is_lack:
            findings.doubts.append(line)
