"""Crawl again only what has changed: pages are asked whether they are still the same, and what is the same is kept."""
