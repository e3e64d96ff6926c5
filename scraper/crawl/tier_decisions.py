"""Remember which way yields the records of a page's template, for the next page and the next run."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from models.system import RenderDecision
from scraper.core.tiers import HTML, TIERS, is_cheaper
from scraper.crawl.url_template import template_of
from scraper.storage.indexes import ensure_indexes

if TYPE_CHECKING:
    from bson import ObjectId
    from pymongo.database import Database

    from scraper.core.tiers import Tier

PROOFS = 3
"""Pages on which an API must have had the same records before it is used by itself."""

PATIENCE = 3
"""How often a decision may be wrong, at least, before it is dropped."""


@dataclass
class Decision:
    """The way that is taken for one template."""

    tier: Tier
    evidence: str
    right: int = 0
    wrong: int = 0
    decided_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    api: dict[str, Any] = field(default_factory=dict)
    used: bool = False
    """Whether this run has learned something about it."""

    @property
    def holds(self) -> bool:
        """Whether it was right often enough to go on with it."""
        return self.wrong <= max(PATIENCE, self.right // 10)


class Decisions:
    """The decisions of one spider. Only pages that were really read teach them."""

    def __init__(self, spider: str, recheck_share: float) -> None:
        self._spider, self._share = spider, recheck_share
        self._by_template: dict[str, Decision] = {}
        self._random = random.Random()  # noqa: S311 - spreads the rechecks, keeps no secret

    def load(self, database: Database[dict[str, Any]]) -> None:
        """Read what earlier runs have decided. Blocks."""
        ensure_indexes(database, RenderDecision)
        # Another version may have decided for a way that this one does not know.
        for row in RenderDecision.objects(spider=self._spider, tier__in=[*TIERS]):
            self._by_template[row.template] = Decision(
                row.tier, row.evidence or "", row.right, row.wrong, row.decided_at, dict(row.api)
            )

    def save(self, run: ObjectId) -> None:
        """Keep what this run has learned. Blocks."""
        now = datetime.now(UTC)
        for template, decision in self._by_template.items():
            if not decision.used:
                continue
            here = RenderDecision.objects(spider=self._spider, template=template)
            if not decision.holds:
                here.delete()
                continue
            here.update_one(
                upsert=True,
                tier=decision.tier,
                evidence=decision.evidence,
                right=decision.right,
                wrong=decision.wrong,
                decided_at=decision.decided_at,
                checked_at=now,
                run=run,
                api=decision.api,
            )

    def tier(self, url: str) -> Tier | None:
        """Return the way to take for a page, or None where nothing is decided or the decision is to be checked."""
        if not self._by_template:
            return None  # most sites need no decision, and this is asked for every link
        decision = self._by_template.get(template_of(url))
        if decision is None or not decision.holds or self._random.random() < self._share:
            return None
        return decision.tier

    def learn(self, url: str, tier: Tier, evidence: str) -> None:
        """Take in that a way has yielded a page's records, and no cheaper one did."""
        template = template_of(url)
        decision = self._by_template.get(template)
        if decision is None:
            if tier != HTML or evidence:
                self._by_template[template] = Decision(tier, evidence, right=1, used=True)
            return
        decision.used = True
        if decision.tier == tier:
            decision.right += 1
            return
        decision.wrong += 1
        if is_cheaper(tier, decision.tier) or not decision.holds:
            why = evidence or f"{tier} was enough on {url}"
            self._by_template[template] = Decision(tier, why, right=1, used=True)

    def failed(self, url: str) -> None:
        """Take in that the decided way has not yielded a page's records."""
        decision = self._by_template.get(template_of(url))
        if decision is not None:
            decision.used = True
            decision.wrong += 1

    def propose(self, url: str, api: dict[str, Any], *, equal: bool) -> None:
        """Keep the API that the browser was seen to use for a page, and how often it had the same records."""
        decision = self._by_template.get(template_of(url))
        if decision is not None:
            decision.used = True
            same = decision.api.get("declare") == api["declare"]
            proved = decision.api.get("equal", 0) if same else 0
            decision.api = {**api, "equal": proved + 1 if equal else 0}

    def proved_api(self, url: str) -> dict[str, Any] | None:
        """Return the API that was seen to have the same records as the pages of a template, often enough."""
        decision = self._by_template.get(template_of(url))
        if decision is None or not decision.api:
            return None
        # The first page often has another template than those that follow it.
        same = [other.api for other in self._by_template.values() if other.api.get("named") == decision.api["named"]]
        return decision.api if sum(api.get("equal", 0) for api in same) >= PROOFS else None
