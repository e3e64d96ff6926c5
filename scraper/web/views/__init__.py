"""Every view there is."""

from scraper.web.views import audit, changes, hosts, overview, quality, records, rejected, runs, schedules, stored, why
from scraper.web.views.view import View

VIEWS: tuple[View, ...] = (
    overview.VIEW, *runs.VIEWS, *records.VIEWS, *changes.VIEWS, *rejected.VIEWS, hosts.VIEW, schedules.VIEW,
    quality.VIEW, *stored.VIEWS, audit.VIEW, why.VIEW,
)  # fmt: skip
