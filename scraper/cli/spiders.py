"""`swathe spiders`: which spiders there are."""

from __future__ import annotations

from scraper.cli.output import print_table

EXAMPLE = "Example: swathe spiders"


def spiders() -> None:
    """List the spiders: where they start and what they store."""
    # Scrapy takes half a second to import; the commands that do without it should not wait for it.
    from scrapy.spiderloader import get_spider_loader

    from scraper.crawling import project_settings, spider_class

    loader = get_spider_loader(project_settings())
    found = [spider_class(name, loader) for name in sorted(loader.list())]
    print_table(
        (
            {
                "spider": spider.name,
                "start": spider.start_url,
                "stores": [document._get_collection_name() for document in spider.records],
                "about": (spider.__doc__ or "").split("\n", 1)[0],
            }
            for spider in found
        ),
        ["spider", "start", "stores", "about"],
    )
