"""When a crawl runs, and who is told how it went."""
