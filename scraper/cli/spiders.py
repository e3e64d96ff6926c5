"""`swathe spiders`: which spiders there are."""

from __future__ import annotations

from scraper.cli.broken import print_broken
from scraper.cli.output import print_table
from scraper.core.config import load_config
from scraper.core.config.schedules import plain_name
from scraper.schedule.overview import next_by_spider

EXAMPLE = "Example: swathe spiders"


def spiders() -> None:
    """List the spiders: where they start, what they store, and when they run next by a schedule."""
    # Scrapy takes half a second to import; the commands that do without it should not wait for it.
    from scraper.spider.loader import all_spiders

    config = load_config()
    due = next_by_spider(config)
    print_table(
        (
            {
                "spider": spider.name,
                "start": spider.start_url,
                "stores": [document._get_collection_name() for document in spider.declared_records()] or ["its items"],
                "next": due.get(plain_name(spider.name)),
                "about": (spider.__doc__ or "").split("\n", 1)[0],
            }
            for spider in all_spiders().values()
        ),
        ["spider", "start", "stores", *(["next"] if due else []), "about"],
    )
    print_broken(config)
